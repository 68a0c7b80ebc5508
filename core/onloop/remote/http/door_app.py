"""What the door does with one request: looks at it, finds its route, and answers errors as problems."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onloop.errors import BadInput, OnloopError, Unavailable, UnknownThing
from onloop.gateway.operations import OPERATIONS
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.entry.problem_details import HttpProblem, problem_of, too_many
from onloop.remote.http.entry.request_bodies import leave_unread
from onloop.remote.http.entry.request_checks import ArrivedRequest
from onloop.remote.http.routes import ROUTES, DoorRoute

LARGE, PIECE = 262_144, 131_072
"""An answer of so many bytes is sent in pieces of so many."""
_HUNG_UP = 499
"""The status under which a request is counted whose caller did not wait for the answer."""


class _Answer:
    """Sends what a route answers, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = _HUNG_UP

    async def __call__(self, message: Message) -> None:
        """See ASGI."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class DoorApp:
    """The ASGI application of one door."""

    def __init__(self, state: DoorState, routes: Sequence[DoorRoute] = ROUTES, line: ASGIApp | None = None) -> None:
        """`line` serves what becomes a WebSocket; without it, nothing does."""
        self._state, self._line = state, line
        self._router = Router(
            [Route(row.path, _Endpoint(self, row), methods=[row.method]) for row in routes], redirect_slashes=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI: one request, counted when its answer has been sent."""
        if scope["type"] == "websocket" and self._line is not None:
            await self._line(scope, receive, send)
            return
        began, answer = self._state.now(), _Answer(send)
        scope["app"] = self
        request = Request(scope, receive, answer)
        try:
            scope["state"]["arrived"] = self._state.checks.arrived(scope)
            await self._router(scope, receive, answer)
        except ClientDisconnect:
            answer.status = _HUNG_UP
        except (Exception, asyncio.CancelledError) as failure:
            problem = self._problem(failure)
            if answer.status == _HUNG_UP:  # nothing of an answer has been sent
                await self._answer_problem(request, problem, answer)
        finally:
            label = scope["state"].get("label") or _label(scope)
            self._state.metrics.note(label, answer.status, self._state.now() - began)

    async def _answer_problem(self, request: Request, problem: HttpProblem, send: Send) -> None:
        if problem.closes and problem.status is not HTTPStatus.REQUEST_TIMEOUT:
            await leave_unread(request)
        await problem.response()(request.scope, request.receive, send)

    def _problem(self, failure: BaseException) -> HttpProblem:
        if isinstance(failure, asyncio.CancelledError):  # the time to end is over
            words = "the gateway stops: the request may still take effect"
            return HttpProblem(Unavailable(words, hint="try again under the same key"))
        if isinstance(failure, HTTPException):
            status = HTTPStatus(failure.status_code)
            words, hint = "there is nothing at this path", "GET /v1/openapi.json lists what there is"
            if status is HTTPStatus.METHOD_NOT_ALLOWED:
                words = "this path does not answer to that method"
                return HttpProblem(BadInput(words, hint=hint), status, headers=failure.headers)  # with Allow
            return HttpProblem(UnknownThing(words, hint=hint))
        if not isinstance(failure, HttpProblem | OnloopError):
            self._state.say(f"trouble: {type(failure).__name__} while a request was answered: {failure}"[:300])
        return problem_of(failure)

    async def answer(self, row: DoorRoute, request: Request, send: Send) -> None:
        """Answer a request by its route, and hold its place until the answer is on its way."""
        state, arrived = self._state, request.scope["state"]["arrived"]
        request.scope["state"]["label"] = row.label or _operation(request)
        with ExitStack() as leaving:
            self._check_rate(f"address:{arrived.address}" if row.is_open else arrived.account)
            if not row.is_open:
                self._admit(row, arrived, leaving)
            response = await row.handler(state, request, arrived)
            size = len(response.body)
            if size > LARGE:
                leaving.enter_context(state.unread.carrying(arrived.account, size))
                await _send_in_pieces(response, send)
            else:
                await response(request.scope, request.receive, send)

    def _check_rate(self, account: str) -> None:
        rates, now = self._state.rates, self._state.now()
        wait_s = rates.wait_s(account, now)
        if wait_s:
            raise too_many("too many requests of yours in a short time", retry_s=int(wait_s) + 1)
        rates.spend(account, now)

    def _admit(self, row: DoorRoute, arrived: ArrivedRequest, leaving: ExitStack) -> None:
        """Take a place for a request, if there is one for it: some of them are kept for people."""
        state = self._state
        if state.is_draining:
            stops = Unavailable("the gateway stops", hint="try again in a moment: another one may answer")
            raise HttpProblem(stops, closes=True)
        account = arrived.account
        places, is_of_people = state.waits if row.is_long else state.requests, state.is_of_people(arrived)
        if places.of(account) >= places.of_one or not state.unread.has_room(account):
            raise too_many("too many requests with this credential are under way")
        if not places.take(account, favoured=is_of_people):
            raise HttpProblem(Unavailable("the gateway has too much to do", hint="try again in a moment"))
        leaving.callback(places.leave, account)


class _Endpoint:
    """One route as Starlette asks it."""

    def __init__(self, app: DoorApp, row: DoorRoute) -> None:
        self._app, self._row = app, row

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await self._app.answer(self._row, Request(scope, receive, send), send)


async def _send_in_pieces(response: Response, send: Send) -> None:
    """Send a large answer as fast as its reader takes it: only a piece of it waits in the connection's buffer."""
    body = memoryview(response.body)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    for start in range(0, len(body), PIECE):
        piece = bytes(body[start : start + PIECE])
        await send({"type": "http.response.body", "body": piece, "more_body": start + PIECE < len(body)})


def _operation(request: Request) -> str:
    name = request.path_params.get("operation", "")
    return name if name in OPERATIONS else "unknown"


def _label(scope: Scope) -> str:
    return "refused" if "arrived" not in scope["state"] else "unknown"
