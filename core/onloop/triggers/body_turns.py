"""Whose bodies are read at a time: a few of each account, so that whoever sends slowly keeps no other out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from onloop.remote.http.entry.problem_details import too_many

MOST_OF_ONE = 4
"""How many bodies of one account are read at a time."""

TURN_S = 5.0
"""How long one waits for its turn: senders send several at once, and hardly any sends again what was refused."""


@dataclass(slots=True)
class _Turns:
    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_OF_ONE))
    asked: int = 0


class BodyTurns:
    """The turns of all accounts; one loop asks it."""

    def __init__(self) -> None:
        self._of: dict[str, _Turns] = {}

    @asynccontextmanager
    async def reading(self, account: str) -> AsyncIterator[None]:
        """A turn of that account, in the block; HttpProblem where none comes soon."""
        turns = self._of.setdefault(account, _Turns())
        turns.asked += 1
        try:
            try:
                async with asyncio.timeout(TURN_S):
                    await turns.free.acquire()
            except TimeoutError:
                raise too_many("too many webhooks from there are on their way", "send them faster") from None
            try:
                yield
            finally:
                turns.free.release()
        finally:
            turns.asked -= 1
            if not turns.asked:
                del self._of[account]
