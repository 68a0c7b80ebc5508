"""`GET /v1/wait`: answers as soon as the store, or a task, is not as the caller has seen it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onloop.errors import unknown_task
from onloop.remote.connection_operations import ReadStamp
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import AskedOperation, ask_for
from onloop.remote.http.entry.problem_details import bad_request, too_many
from onloop.remote.http.entry.request_bodies import hung_up
from onloop.remote.http.entry.request_checks import ArrivedRequest
from onloop.remote.http.lines.shared_watch import SharedWatch
from onloop.views.queries.reads import ReadTask

USUAL_S = 25.0


async def wait_for_news(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """The stamp, and the task's version where one is named: once they differ, or at the end of the time."""
    asked = request.query_params
    if unknown := sorted(set(asked) - {"seen", "task", "version", "timeout"}):
        raise bad_request(f"unknown parameter {unknown[0][:40]!r}", "use seen, task, version and timeout")
    within_s = min(_number(asked.get("timeout", str(int(USUAL_S))), "timeout"), state.limits.longest_poll_s)
    task, version = asked.get("task"), _number(asked.get("version", "0"), "version")
    owner = arrived.account
    if not state.streams.take(owner):
        raise too_many("too many streams are open with this credential", "close one")
    waiting = _Waiting(state, arrived, request, within_s)
    try:
        return await (waiting.stamp(asked.get("seen", "")) if task is None else waiting.task(task, version))
    finally:
        waiting.end()
        state.streams.leave(owner)


class _Waiting:
    """One wait: over when there is news, at its end, when the gateway stops, or once nobody waits any more."""

    def __init__(self, state: DoorState, arrived: ArrivedRequest, request: Request, within_s: float) -> None:
        self._state, self._arrived = state, arrived
        self._end = state.now() + within_s
        self._gone = asyncio.ensure_future(hung_up(request.receive))
        self._gone.add_done_callback(lambda _: state.watch.tell())

    async def stamp(self, seen: str) -> Response:
        """The stamp, which is the watch's: that of the gateway is of the same moments of the store."""
        watch = self._state.watch
        await self._read(AskedOperation(ReadStamp, {}, None))  # who may not read it makes nobody look
        await watch.look()
        await self._until(lambda: str(watch.stamp) != seen)
        return JSONResponse({"stamp": watch.stamp})

    async def task(self, task: str, version: int) -> Response:
        """The task's version, and the stamp from before it was read."""
        watch = self._state.watch
        await self._version(task)
        await watch.look()
        while True:
            seen = watch.stamp
            found = await self._version(task)
            if found != version or not await self._until(partial(_differs, watch, seen)):
                return JSONResponse({"stamp": seen, "task": task, "version": found})

    async def _until(self, is_news: Callable[[], bool]) -> bool:
        """Wait for news; whether there is any, and somebody to hear of it."""
        state, left_s = self._state, self._end - self._state.now()
        is_over = state.is_draining or self._gone.done() or left_s <= 0
        if is_over and not is_news():
            return False
        await state.watch.until(lambda: is_news() or state.is_draining or self._gone.done(), max(0.0, left_s))
        return is_news()

    async def _version(self, task: str) -> int:
        found = await self._read(AskedOperation(ReadTask, {"task": task}, None))
        if found is None:
            raise unknown_task(task[:200])
        return int(found.get("version", 0))

    async def _read(self, asked: AskedOperation) -> Any:
        return json.loads(await ask_for(self._state, self._arrived, asked))["ok"]

    def end(self) -> None:
        """Nobody waits."""
        self._gone.cancel()


def _differs(watch: SharedWatch, seen: int) -> bool:
    return watch.stamp != seen


def _number(said: str, name: str) -> int:
    if not said.isascii() or not said.isdecimal() or len(said) > 12:
        raise bad_request(f"{name} is {said[:40]!r}", "give a whole number")
    return int(said)
