"""The line between a page and its dashboard: a WebSocket, which only a page of ours with a person's session opens."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, assert_never

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from uvicorn.protocols.utils import ClientDisconnected

from onloop.errors import BadInput, NotAllowed, OnloopError
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.entry.problem_details import HttpProblem, problem_of
from onloop.remote.http.entry.request_checks import ArrivedRequest
from onloop.remote.http.web.browser_app import AppOrder, BrowserApp, SeatLost
from onloop.remote.http.web.browser_messages import Attended, Begin, Message, Ping, Resized, Stdin, message_from
from onloop.remote.http.web.kept_apps import SIGNED_OUT, KeptApps
from onloop.remote.http.web.person_cookie import SignedIn, check_own_page, signed_in
from onloop.remote.http.web.web_settings import WebSettings

ENDED, TAKEN, REFUSED = 4000, 4001, 4003
"""Codes with which a line is closed: the dashboard has ended, another page has it, or it may not be."""
_GONE = (WebSocketDisconnect, ClientDisconnected, RuntimeError, OSError)


class _Page:
    """One page at its end of a line."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.is_cut = False

    async def show(self, content: bytes) -> None:
        """See Seat."""
        try:
            await self._websocket.send_bytes(content)
        except _GONE:
            raise SeatLost from None

    def cut(self, why: str) -> None:
        """See Seat: its browser may not read, so nothing is said to it first where that would have to wait."""
        self.is_cut = True
        line = self._websocket.scope["state"]["line"]
        line.close_at_once(TAKEN, why)

    async def say(self, *words: Any) -> None:
        """Send a message of ours."""
        with suppress(*_GONE):
            await self._websocket.send_text(json.dumps(words))

    async def close(self, code: int, why: str) -> None:
        """Close the line, and say why."""
        if not self.is_cut and self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(*_GONE):
                await self._websocket.close(code, why.encode()[:120].decode("utf-8", "ignore"))

    async def heard(self) -> Message:
        """The next message; SeatLost where the browser has gone, BadInput where it is none."""
        try:
            return message_from(await self._websocket.receive_text())
        except KeyError:
            raise BadInput("the page sent bytes", hint="load the page again") from None
        except _GONE:
            raise SeatLost from None


class BrowserLines:
    """Serves the lines of all pages of one door."""

    def __init__(self, state: DoorState, settings: WebSettings, apps: KeptApps) -> None:
        self._state, self._settings, self._apps = state, settings, apps

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One line from beginning to end; who may not have one is answered with a problem."""
        websocket = WebSocket(scope, receive, send)
        began, status = self._state.now(), 101
        try:
            arrived = self._state.checks.arrived(scope)
            check_own_page(arrived)
            who = await self._who(arrived)
        except (HttpProblem, OnloopError) as failure:
            problem = problem_of(failure)
            status = int(problem.status)
            with suppress(*_GONE):
                await websocket.send_denial_response(problem.response())
        else:
            with suppress(*_GONE):
                await websocket.accept()
                await self._attend(_Page(websocket), who, arrived)
        finally:
            self._state.metrics.note("page", status, self._state.now() - began)

    async def _who(self, arrived: ArrivedRequest) -> SignedIn:
        rates, now, account = self._state.rates, self._state.now(), f"address:{arrived.address}"
        rates.spend(account, now)
        if rates.wait_s(account, now):
            raise HttpProblem(NotAllowed("too many lines in a short time", hint="wait a little"), closes=True)
        return await signed_in(self._state, self._settings, arrived)

    async def _attend(self, page: _Page, who: SignedIn, arrived: ArrivedRequest) -> None:
        try:
            async with asyncio.timeout(self._settings.limits.begin_s):
                begin = await page.heard()
            if not isinstance(begin, Begin):
                raise BadInput("the page does not say what it wants", hint="load the page again")
            kept = self._apps.kept(begin.line, who, arrived.address) if begin.line else None
            app = kept or await self._begun(begin, who, arrived)
        except (SeatLost, TimeoutError):
            return
        except (HttpProblem, OnloopError) as failure:
            error = problem_of(failure).error
            await page.say("refused", f"{error.message}: {error.hint}")
            await page.close(REFUSED, "refused")
            return
        app.sit(page)
        try:
            await page.say("line", {"name": app.name, "is_new": kept is None, "person": who.person})
            if kept is not None:
                await app.resize(begin.columns, begin.rows)
                await app.tell("repaint")
            await self._exchange(page, app, arrived)
        finally:
            app.leave(page)

    async def _begun(self, begin: Begin, who: SignedIn, arrived: ArrivedRequest) -> BrowserApp:
        order = AppOrder(who.person, who.session, arrived.address, begin.task, begin.columns, begin.rows)
        return await self._apps.begun(order)

    async def _exchange(self, page: _Page, app: BrowserApp, arrived: ArrivedRequest) -> None:
        """Until the page or the dashboard has ended, or the session reads no more."""
        doings = [
            asyncio.create_task(work)
            for work in (self._listen(page, app), self._await_end(page, app), self._watch(app, arrived))
        ]
        try:
            await asyncio.wait(doings, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for doing in doings:
                doing.cancel()
            await asyncio.gather(*doings, return_exceptions=True)

    async def _listen(self, page: _Page, app: BrowserApp) -> None:
        try:
            while True:
                await _pass_on(await page.heard(), page, app)
        except SeatLost:
            return
        except BadInput as problem:
            await page.close(REFUSED, problem.message)

    async def _await_end(self, page: _Page, app: BrowserApp) -> None:
        await app.ended.wait()
        await page.say("ended", app.why)
        await page.close(ENDED, app.why)

    async def _watch(self, app: BrowserApp, arrived: ArrivedRequest) -> None:
        while True:
            await asyncio.sleep(self._settings.limits.session_s)
            try:
                await signed_in(self._state, self._settings, arrived)
            except HttpProblem as problem:
                if problem.status == 401:
                    app.end(SIGNED_OUT)
                    await app.ended.wait()
            except OnloopError:
                continue  # it is busy: the dashboard says so itself


async def _pass_on(message: Message, page: _Page, app: BrowserApp) -> None:
    match message:
        case Stdin():
            await app.type(message.text)
        case Resized():
            await app.resize(message.columns, message.rows)
        case Attended():
            await app.tell(message.what)
        case Ping():
            await page.say("pong", message.mark)
        case Begin():
            raise BadInput("the page began twice", hint="load the page again")
        case _:
            assert_never(message)
