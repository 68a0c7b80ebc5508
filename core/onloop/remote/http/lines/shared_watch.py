"""One look at the store for all who wait for news of it: its stamp, and the last sequence of its log."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

from onloop.errors import Unavailable
from onloop.remote.http.entry.problem_details import answered_problem
from onloop.remote.http.lines.adopted_line import Adopt, AdoptedLine, LineLost
from onloop.remote.unix_socket import Peer

ASKED_S = 5.0
"""How long the store may take to say its stamp."""


class SharedWatch:
    """Looks at the store while somebody waits, `polls_per_s` at most. One loop uses it.

    It asks as the gateway's own process, and tells nobody more than that something has changed.
    """

    def __init__(self, adopt: Adopt, polls_per_s: float, trouble: Callable[[Exception], None]) -> None:
        self._adopt, self._pause_s, self._trouble = adopt, 1 / polls_per_s, trouble
        self._line: AdoptedLine | None = None
        self._asking = asyncio.Lock()
        self._waiting = 0
        self._wanted, self._moved = asyncio.Event(), asyncio.Event()
        self._is_over = False
        self._looked_at = float("-inf")
        self.stamp = -1
        self.last_seq = 0

    async def run(self) -> None:
        """Look, as long as somebody waits; until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self.look()
            except Exception as failure:  # whoever waits goes on waiting, and hears once it is over
                self._trouble(failure)
                await asyncio.sleep(1.0)
            await asyncio.sleep(self._pause_s)
            if not self._waiting:
                self._wanted.clear()

    async def look(self, old_s: float = 0.0) -> None:
        """Look now, unless somebody did so less than `old_s` ago; Unavailable where the store is.

        Whoever waits hears of it where something has changed.
        """
        loop = asyncio.get_running_loop()
        async with self._asking:
            if loop.time() - self._looked_at < old_s:
                return
            stamp = await self._ask("stamp", {})
            self._looked_at = loop.time()
            if stamp == self.stamp:
                return
            newest = await self._ask("log", {"newest": True, "limit": 1})
            self.last_seq = max((event["seq"] for event in newest), default=0)
            self.stamp = stamp
        self.tell()

    def end(self) -> None:
        """Nobody waits any longer."""
        self._is_over = True
        self.tell()
        if self._line is not None:
            self._line.close()

    def tell(self) -> None:
        """Whoever waits looks again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def until(self, is_news: Callable[[], bool], within_s: float) -> bool:
        """Wait until there is news by that rule, looked at after each change; whether there is."""
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(within_s):
                while not self._is_over and not is_news():
                    await self._moved.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return not self._is_over

    @property
    def watchers(self) -> int:
        """How many wait."""
        return self._waiting

    async def _ask(self, name: str, fields: dict[str, object]) -> Any:
        for _ in range(2):
            if self._line is None or self._line.is_gone:
                self._line = await AdoptedLine.made(self._adopt, Peer(os.getpid(), os.getuid(), os.getgid()))
            try:
                answer = await self._line.ask(name, fields, within_s=ASKED_S)
            except LineLost:
                continue
            problem = answered_problem(answer)
            if problem is not None:
                raise Unavailable(problem.error.message, hint=problem.error.hint)
            return json.loads(answer)["ok"]
        raise Unavailable("the gateway closed the line", hint="try again")
