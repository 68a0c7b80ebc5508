"""Whether the gateway lives, whether it is ready, what it counted, and what can be asked of it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onloop.errors import NotAllowed, OnloopError
from onloop.remote.connection_operations import ReadStamp
from onloop.remote.http.answers.door_metrics import MEDIA_TYPE
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.openapi import openapi_text
from onloop.remote.http.answers.operation_route import AskedOperation, ask_for
from onloop.remote.http.entry.problem_details import HttpProblem
from onloop.remote.http.entry.request_checks import ArrivedRequest

READY_S = 0.5
"""How old an answer of the store may be that shows that it answers."""
_OF_AGENTS = "onl_agt_"


async def tell_alive(_state: DoorState, _request: Request, _arrived: ArrivedRequest) -> Response:
    """The process lives."""
    return JSONResponse({"alive": True})


async def tell_ready(state: DoorState, _request: Request, arrived: ArrivedRequest) -> Response:
    """Whether new requests are wanted: the store answers, and the door is not drained. An old certificate is told.

    What is wrong with the store is told on this machine alone: it may say where a database is.
    """
    trouble = "it stops" if state.is_draining else ""
    try:
        await state.watch.look(READY_S)
    except OnloopError as problem:
        trouble = trouble or "the store does not answer" + (f": {problem.message}" if arrived.is_near else "")
    certificates = state.certificates
    warnings = ["the certificate has ended"] if certificates is not None and certificates.is_over else []
    status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
    body = {"ready": not trouble, **({"trouble": trouble} if trouble else {}), "warnings": warnings}
    return JSONResponse(body, int(status))


async def tell_metrics(state: DoorState, _request: Request, arrived: ArrivedRequest) -> Response:
    """What was counted: for people, launchers, and whoever is on the gateway's machine."""
    if arrived.has_credential or not arrived.is_near:
        await _check_may_look(state, arrived)
    lines, ends_at = state.lines, state.certificates.ends_at / 1000 if state.certificates is not None else None
    gauges = [
        ("onloop_http_connections", "Connections that are open.", state.connections.taken + state.proxied.taken),
        ("onloop_http_requests_in_progress", "Requests that are under way.", state.requests.taken),
        ("onloop_http_waits_in_progress", "Streams, waits, uploads and submissions under way.", state.waits.taken),
        ("onloop_http_unread_bytes", "Bytes of large answers on their way.", state.unread.sum),
        ("onloop_http_lines", "Lines to the gateway.", lines.lines),
        ("onloop_http_sessions", "Sessions of people.", lines.sessions),
        ("onloop_http_uploads", "Uploads under way.", state.uploads.count),
        ("onloop_http_streams", "Streams and long polls that are open.", state.streams.taken),
        ("onloop_store_last_sequence", "The last sequence of the log that was seen.", state.watch.last_seq),
        ("onloop_draining", "Whether the gateway stops.", int(state.is_draining)),
        *([] if ends_at is None else [("onloop_certificate_ends_seconds", "When the certificate ends.", ends_at)]),
    ]
    return Response(state.metrics.text(gauges), media_type=MEDIA_TYPE)


async def _check_may_look(state: DoorState, arrived: ArrivedRequest) -> None:
    if arrived.bearer.startswith(_OF_AGENTS) and not arrived.session:
        no = NotAllowed("agents may not read what the gateway counted", hint="a person's session may, or a launcher")
        raise HttpProblem(no)
    await ask_for(state, arrived, AskedOperation(ReadStamp, {}, None))


async def tell_openapi(_state: DoorState, _request: Request, _arrived: ArrivedRequest) -> Response:
    """What can be asked, as OpenAPI 3.1."""
    return Response(openapi_text(), media_type="application/json")
