"""`GET /v1/events`: the log as server-sent events, from any sequence on; whoever was cut off goes on from theirs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from onloop.errors import OnloopError
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import AskedOperation, ask_for
from onloop.remote.http.entry.http_connection import DoorConnection
from onloop.remote.http.entry.problem_details import HttpProblem, bad_request, problem_of, too_many
from onloop.remote.http.entry.request_bodies import hung_up
from onloop.remote.http.entry.request_checks import ArrivedRequest
from onloop.views.queries.reads import ReadEvents

PAGE = 200
"""How many events are read at a time: fewer, where they are too large for one answer."""
PADDING = ": " + " " * 2_048 + "\n\n"
"""A proxy that waits until it has some bytes has them at once."""
HEADERS = {
    "Cache-Control": "no-cache, no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}
LEAST_PAUSE_S, PAUSE_OF_ONE_S = 0.03, 0.002
"""How long a stream rests after it has read: longer, the more of them there are."""


async def stream_events(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """Begin a stream; what may not be read is refused before."""
    wanted = _wanted(request, arrived)
    owner = arrived.account
    if not state.streams.take(owner):
        raise too_many("too many streams are open with this credential", "close one")
    try:
        reader = _LogReader(state, arrived, wanted)
        await reader.read()
    except BaseException:
        state.streams.leave(owner)
        raise
    return _EventStream(state, reader, lambda: state.streams.leave(owner))


def _wanted(request: Request, arrived: ArrivedRequest) -> dict[str, Any]:
    asked = request.query_params
    if unknown := sorted(set(asked) - {"after", "run", "task"}):
        raise bad_request(f"unknown parameter {unknown[0][:40]!r}", "use after, run and task")
    after = arrived.headers.get("last-event-id") or asked.get("after", "0")
    if not after.isascii() or not after.isdecimal() or len(after) > 18:
        raise bad_request(f"{after[:40]!r} is no sequence of the log", "give the id of the last event you have")
    return {"after": int(after), **{name: asked[name] for name in ("run", "task") if name in asked}}


class _LogReader:
    """Reads the log on from where it was, as whoever asked may see it."""

    def __init__(self, state: DoorState, arrived: ArrivedRequest, wanted: Mapping[str, Any]) -> None:
        self._state, self._arrived, self._wanted = state, arrived, dict(wanted)
        self.page: list[dict[str, Any]] = []
        self.seen = 0
        self._limit = PAGE

    async def read(self) -> None:
        """The next page; HttpProblem or OnloopError where it may not be read, or cannot be."""
        self.seen = self._state.watch.last_seq
        while True:
            try:
                asked = AskedOperation(ReadEvents, {**self._wanted, "limit": self._limit}, None)
                self.page = json.loads(await ask_for(self._state, self._arrived, asked))["ok"]
                break
            except HttpProblem as problem:
                if problem.status is not HTTPStatus.BAD_REQUEST or self._limit == 1:
                    raise
                self._limit = max(1, self._limit // 4)
        last = self.page[-1]["seq"] if self.page else self.seen
        self._wanted["after"] = max(self._wanted["after"], last)

    @property
    def has_more(self) -> bool:
        """Whether there is likely more at once."""
        return len(self.page) >= self._limit


class _EventStream(Response):
    """See Response: one that ends when its reader does, or is too slow, or the door is drained."""

    def __init__(self, state: DoorState, reader: _LogReader, left: Any) -> None:
        super().__init__(None, 200, HEADERS, "text/event-stream")
        self._state, self._reader, self._left = state, reader, left
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Response."""
        connection: DoorConnection = scope["state"]["connection"]
        gone = asyncio.ensure_future(hung_up(receive))
        gone.add_done_callback(lambda _: self._state.watch.tell())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for text in self._texts(gone):
                message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
                async with asyncio.timeout(self._state.limits.unread_s):
                    await send(message)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            connection.part(b": too slow: go on with Last-Event-ID\n\n")
        finally:
            gone.cancel()
            self._left()

    async def _texts(self, gone: asyncio.Future[None]) -> AsyncIterator[str]:
        state, reader = self._state, self._reader
        yield PADDING
        while not gone.done():
            if reader.page:
                yield "".join(map(_event_text, reader.page))
            if state.is_draining:
                yield ": the gateway stops: go on with Last-Event-ID\n\n"
                return
            if not reader.has_more and not await self._news(gone):
                yield ": ping\n\n"
            try:
                await reader.read()
            except (OnloopError, HttpProblem) as failure:
                yield f"event: problem\ndata: {json.dumps(problem_of(failure).body())}\n\n"
                return

    async def _news(self, gone: asyncio.Future[None]) -> bool:
        state, reader = self._state, self._reader
        await asyncio.sleep(max(LEAST_PAUSE_S, state.streams.taken * PAUSE_OF_ONE_S))
        return await state.watch.until(
            lambda: state.watch.last_seq > reader.seen or gone.done() or state.is_draining, state.limits.ping_s
        )


def _event_text(event: Mapping[str, Any]) -> str:
    """One event as it is sent: JSON has no line ends of its own, and the name is of our list."""
    return f"id: {event['seq']}\nevent: {event['name']}\ndata: {json.dumps(event)}\n\n"
