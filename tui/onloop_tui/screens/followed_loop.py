"""The figures of the loop, read in a thread: the log once, and then only what is new in it."""

from __future__ import annotations

import asyncio
import time

from onloop.errors import OnloopError
from onloop.insight.measures.loop_figures import LoopFigures
from onloop.insight.measures.loop_fold import LoopFold
from onloop.insight.measures.loop_pages import PAGE
from onloop_tui.session import Session

LOOK_AGAIN_MS = 5_000
"""How long figures are shown before what is new is read, if something has happened since."""
_SHARE = 20
"""What is new is read at the earliest after this many times the time that reading took."""


class FollowedLoop:
    """The figures as they were read last. Another store is read from its beginning."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._store: str | None = None
        self._fold = LoopFold()
        self._read_at = 0
        self._wait_ms = 0
        self._is_reading = False
        self.figures: LoopFigures | None = None

    def is_due(self, store: str, seq: int) -> bool:
        """Whether to read now, at that place of the log of that store."""
        if self._is_reading:
            return False
        if store != self._store or seq < self._fold.last:
            return True
        return seq > self._fold.last and self._session.now() - self._read_at >= self._wait_ms

    async def read(self, store: str, seq: int) -> None:
        """Read on up to there; what cannot be read leaves what was known."""
        if store != self._store or seq < self._fold.last:
            self._store, self._fold, self.figures = store, LoopFold(), None
        self._is_reading = True
        try:
            self.figures, took_ms = await asyncio.to_thread(self._read_on, seq)
            self._wait_ms = max(LOOK_AGAIN_MS, _SHARE * took_ms)
        except OnloopError:
            return  # the feed says what is wrong with the store
        finally:
            self._read_at, self._is_reading = self._session.now(), False

    def _read_on(self, seq: int) -> tuple[LoopFigures, int]:
        began, fold = time.monotonic(), self._fold
        while fold.last < seq:
            page = self._session.place.log(after=fold.last, limit=PAGE)
            fold.take(page)
            if not page:
                break
        return fold.figures(self._session.now()), round((time.monotonic() - began) * 1000)
