"""Errors as HTTP says them: `application/problem+json` with our exit code and the next command (RFC 9457)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from onloop.errors import BadInput, Ground, NotAllowed, OnloopError, Unavailable
from onloop.remote.framing import error_from, error_text
from onloop.remote.http.entry.statuses import SESSION_LOST, STATUSES

TYPES = "https://onloop.dev/problems/"
MEDIA_TYPE = "application/problem+json"
TRY_AGAIN_S = 1
"""What Retry-After says where nothing better is known."""

_VERB = re.compile(r"(?:^|[:;,(] )(onloop [a-z]+)")
"""A command in a hint: at its beginning or behind a stop; "the same version of onloop at both ends" has none."""


class HttpProblem(Exception):
    """A request that is answered with an error: what `error` says, under a status and a code of HTTP's own."""

    def __init__(
        self,
        error: OnloopError,
        status: HTTPStatus | None = None,
        *,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        """`closes` says that no more is read from the connection."""
        super().__init__(error.message)
        self.error = error
        self.code = code or error.code
        self.status = status or STATUSES.get(error.code, HTTPStatus.CONFLICT)
        self.closes = closes
        self.headers = {**_usual(self.status), **(headers or {}), **({"Connection": "close"} if closes else {})}

    def response(self) -> Response:
        """What is answered."""
        content = json.dumps(self.body()).encode()
        return Response(content, int(self.status), self.headers, MEDIA_TYPE)

    def body(self) -> dict[str, Any]:
        """The problem as an object: `detail`, `hint`, `code` and `exit` are the error's, `next` the verb it names."""
        verb = _VERB.search(self.error.hint)
        return {
            "type": TYPES + self.code,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.error.message,
            "code": self.code,
            "exit": int(self.error.exit),
            "hint": self.error.hint,
            **({"next": verb[1]} if verb else {}),
        }


def _usual(status: HTTPStatus) -> dict[str, str]:
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="onloop"'}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": str(TRY_AGAIN_S)}
    return {}


def answered_problem(answer: bytes) -> HttpProblem | None:
    """The problem that a gateway's answer is; None where it is none."""
    if not answer.startswith(b'{"error"'):
        return None
    return _said_problem(json.loads(answer)["error"])


def _said_problem(said: Mapping[str, Any]) -> HttpProblem:
    code = str(said["code"])
    return HttpProblem(error_from(said), STATUSES.get(code), code=code)


def problem_of(failure: BaseException) -> HttpProblem:
    """The problem that an exception is; of one that nobody foresaw, only its type is told."""
    if isinstance(failure, HttpProblem):
        return failure
    if isinstance(failure, OnloopError):
        return HttpProblem(failure)
    return _said_problem(json.loads(error_text(failure))["error"])


def unauthorized(
    words: str, hint: str = "send a credential that is valid, as a bearer token in the header Authorization"
) -> HttpProblem:
    """Who asks has shown no credential that counts."""
    return HttpProblem(NotAllowed(words, hint=hint, ground=Ground.UNPROVEN), HTTPStatus.UNAUTHORIZED)


def session_lost() -> HttpProblem:
    """The session that was named is not there any more."""
    lost = NotAllowed("there is no such session here", hint="prove who you are again", ground=Ground.UNPROVEN)
    return HttpProblem(lost, HTTPStatus.UNAUTHORIZED, code=SESSION_LOST)


def too_many(words: str, hint: str = "wait a little, then try again", retry_s: int = TRY_AGAIN_S) -> HttpProblem:
    """More than one account, or address, may have under way."""
    headers = {"Retry-After": str(retry_s)}
    return HttpProblem(Unavailable(words, hint=hint), HTTPStatus.TOO_MANY_REQUESTS, headers=headers)


def bad_request(
    words: str, hint: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, *, closes: bool = False
) -> HttpProblem:
    """A request that is no valid one."""
    return HttpProblem(BadInput(words, hint=hint), status, closes=closes)
