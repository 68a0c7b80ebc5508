"""The status under which each kind of error is answered over HTTP. Loaded without the extra."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from onloop.errors import BadInput, NotAllowed, Refused, Stale, StoreError, Unavailable, UnknownThing, WorkflowError

SESSION_LOST, UPLOAD_LOST = "session_lost", "upload_lost"
"""The codes under which a person's session, or an upload, is told to be gone."""

STATUSES: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        BadInput.code: HTTPStatus.BAD_REQUEST,
        WorkflowError.code: HTTPStatus.BAD_REQUEST,
        UnknownThing.code: HTTPStatus.NOT_FOUND,
        NotAllowed.code: HTTPStatus.FORBIDDEN,
        Refused.code: HTTPStatus.CONFLICT,
        Stale.code: HTTPStatus.PRECONDITION_FAILED,
        StoreError.code: HTTPStatus.INTERNAL_SERVER_ERROR,
        Unavailable.code: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""By the code of the error."""

OTHERS: Mapping[HTTPStatus, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: "no credential, or one that is not valid; `session_lost`: prove who you are again",
        HTTPStatus.METHOD_NOT_ALLOWED: "the path does not answer to that method",
        HTTPStatus.REQUEST_TIMEOUT: "the request took too long to arrive",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the content is too large",
        HTTPStatus.REQUEST_URI_TOO_LONG: "the target is too long",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not `application/json` as it is",
        HTTPStatus.MISDIRECTED_REQUEST: "the Host is no name of this gateway",
        HTTPStatus.TOO_MANY_REQUESTS: "too much at a time, or too fast: `Retry-After` says how many seconds to wait",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too many headers, or too long ones",
    }
)
"""The other statuses, and what they mean."""
