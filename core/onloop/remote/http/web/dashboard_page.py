"""The page of one door: its routes, who signs in and out at it, and the lines to dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from onloop.errors import UnknownThing
from onloop.gateway.credential_operations import EndSession, MintSession
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import AskedOperation, ask_for, ask_line, asked_operation
from onloop.remote.http.entry.problem_details import HttpProblem, unauthorized
from onloop.remote.http.entry.request_checks import ArrivedRequest, check_json
from onloop.remote.http.routes import DoorRoute
from onloop.remote.http.web.browser_app import Connect
from onloop.remote.http.web.browser_connection import BrowserConnection
from onloop.remote.http.web.browser_line import BrowserLines
from onloop.remote.http.web.kept_apps import KeptApps
from onloop.remote.http.web.page_files import HEADERS, HTML, page_files
from onloop.remote.http.web.person_cookie import check_own_page, cookie, session_of, signed_in
from onloop.remote.http.web.web_settings import PAGE, WebSettings


class DashboardPage:
    """The page while a door is open; used on its loop alone."""

    connection = BrowserConnection
    """What a line of the page is served by."""

    def __init__(self, state: DoorState, settings: WebSettings, connect: Connect) -> None:
        self._settings = settings
        self._state = state
        self.apps = KeptApps(settings, connect, state.say, state.now)
        self._lines = BrowserLines(state, settings, self.apps)

    @property
    def routes(self) -> tuple[DoorRoute, ...]:
        """What it answers to."""
        page, session = self._show_page, f"{PAGE}/session"
        return (
            DoorRoute("GET", PAGE, page, "page", is_open=True),
            DoorRoute("GET", f"{PAGE}/", page, "page", is_open=True),
            DoorRoute("GET", f"{PAGE}/t/{{task}}", page, "page", is_open=True),
            DoorRoute("GET", f"{PAGE}/static/{{name:path}}", self._show_file, "page", is_open=True),
            DoorRoute("GET", session, self._tell_who, "page"),
            DoorRoute("POST", session, self._sign_in, "page"),
            DoorRoute("POST", f"{session}/end", self._sign_out, "page"),
        )

    async def serve_line(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One line of a page."""
        await self._lines.serve(scope, receive, send)

    async def _show_page(self, _state: DoorState, request: Request, _arrived: ArrivedRequest) -> Response:
        """The page, the same for everybody: who looks is asked by its script, whom links from elsewhere do not stop."""
        return _file(HTML, request)

    async def _show_file(self, _state: DoorState, request: Request, _arrived: ArrivedRequest) -> Response:
        return _file(request.path_params["name"], request)

    async def _tell_who(self, state: DoorState, _request: Request, arrived: ArrivedRequest) -> Response:
        who = await signed_in(state, self._settings, arrived)
        return JSONResponse({"person": who.person}, headers=HEADERS | {"Cache-Control": "no-store"})

    async def _sign_in(self, state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
        """Begin a reading session for whoever proved who they are by SCRAM, and keep it where no script sees it."""
        check_own_page(arrived)
        if not arrived.session:
            raise unauthorized("nobody has proved who they are", "prove it first: scram_first, scram_final")
        asked = await asked_operation(state, request, arrived, MintSession.name)
        granted = json.loads(await ask_for(state, arrived, asked))["ok"]
        state.lines.end_session(arrived.session)
        lasts_s = max(0, (granted["expires"] - state.clock()) // 1000)
        return _answered({"expires": granted["expires"]}, cookie(self._settings, granted["secret"], lasts_s))

    async def _sign_out(self, state: DoorState, _request: Request, arrived: ArrivedRequest) -> Response:
        """End the session, here and at the gateway, and every dashboard that reads with it."""
        check_own_page(arrived)
        check_json(arrived.headers)
        secret = session_of(self._settings, arrived)
        if secret:
            self.apps.end_session(secret)
            try:
                async with state.lines.of_bearer(secret, arrived.address) as line:
                    await ask_line(state, line, AskedOperation(EndSession, {"token": secret}, None))
                    state.lines.drop(line)
            except HttpProblem as problem:
                if problem.status != 401:  # it has ended by itself
                    raise
        return _answered({"ended": bool(secret)}, cookie(self._settings, "", 0))


def _answered(said: Mapping[str, Any], kept: str) -> Response:
    return JSONResponse(said, headers=HEADERS | {"Cache-Control": "no-store", "Set-Cookie": kept})


def _file(name: str, request: Request) -> Response:
    found = page_files().get(name)
    if found is None:
        raise HttpProblem(UnknownThing(f"the page has no file {name[:60]!r}", hint="load the page again"))
    headers = HEADERS | {"ETag": found.tag}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
