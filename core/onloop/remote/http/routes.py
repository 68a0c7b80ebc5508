"""The routes of the HTTP door, as data: whoever adds one adds a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from onloop.records import Record
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.event_stream import stream_events
from onloop.remote.http.answers.health_routes import tell_alive, tell_metrics, tell_openapi, tell_ready
from onloop.remote.http.answers.long_poll import wait_for_news
from onloop.remote.http.answers.operation_route import ask_operation
from onloop.remote.http.answers.upload_routes import announce, send_piece, submit, tell_received
from onloop.remote.http.entry.request_checks import ArrivedRequest

Handler = Callable[[DoorState, Request, ArrivedRequest], Awaitable[Response]]


class DoorRoute(Record):
    """What one path answers to one method. `label` is what metrics call it; empty for the operation in the path.

    `is_open` says that it is answered to whoever looks after the gateway, also when it stops or is busy; one that
    `is_long` is counted apart from requests that are answered at once.
    """

    method: str
    path: str
    handler: Handler
    label: str = ""
    is_open: bool = False
    is_long: bool = False


ROUTES: tuple[DoorRoute, ...] = (
    DoorRoute("GET", "/healthz", tell_alive, "healthz", is_open=True),
    DoorRoute("GET", "/readyz", tell_ready, "readyz", is_open=True),
    DoorRoute("GET", "/metrics", tell_metrics, "metrics", is_open=True),
    DoorRoute("GET", "/v1/openapi.json", tell_openapi, "openapi"),
    DoorRoute("GET", "/v1/events", stream_events, "events", is_long=True),
    DoorRoute("GET", "/v1/wait", wait_for_news, "wait", is_long=True),
    DoorRoute("PUT", "/v1/uploads/{upload}", send_piece, "upload", is_long=True),
    DoorRoute("GET", "/v1/uploads/{upload}", tell_received, "upload"),
    DoorRoute("POST", "/v1/hand_in", announce, "hand_in"),
    DoorRoute("POST", "/v1/submit", submit, "submit", is_long=True),
    DoorRoute("POST", "/v1/{operation}", ask_operation),
)
