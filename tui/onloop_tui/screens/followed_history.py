"""How the shown run went so far, read in a thread: often enough to follow it, and never so often that it costs much."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from onloop.errors import OnloopError
from onloop.views.reporting.pace import SEED, Estimate, estimate
from onloop.views.reporting.report_records import RunHistory
from onloop_tui.session import Session

AGAIN_MS = 5_000
"""How long a history is shown before it is read again, if something has happened since."""
_SHARE = 20
"""A history is read again at the earliest after this many times the time that reading it took."""


class FollowedHistory:
    """The history of one run and the estimate for the rest of it, as they were read last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._run = ""
        self._seq = -1
        self._read_at = 0
        self._wait_ms = AGAIN_MS
        self._is_reading = False
        self.history: RunHistory | None = None
        self.told = Estimate(0)

    def is_due(self, run: str, seq: int) -> bool:
        """Whether to read now; a run that is shown anew is always read."""
        if self._is_reading or not run:
            return False
        if run != self._run:
            return True
        return seq != self._seq and self._session.now() - self._read_at >= self._wait_ms

    async def read(self, run: str, seq: int, waves: Sequence[int]) -> None:
        """Read the history of a run at that place of the log; what cannot be read leaves what was known."""
        if run != self._run:
            self.history, self.told = None, Estimate(0)
        self._run, self._seq, self._is_reading = run, seq, True
        try:
            history, told, took_ms = await asyncio.to_thread(self._looked_up, run, waves)
            if self._run == run:
                self.history, self.told = history, told
                self._wait_ms = max(AGAIN_MS, _SHARE * took_ms)
        except OnloopError:
            return  # the feed says what is wrong with the store
        finally:
            self._read_at, self._is_reading = self._session.now(), False

    def _looked_up(self, run: str, waves: Sequence[int]) -> tuple[RunHistory, Estimate, int]:
        began = time.monotonic()
        history = self._session.place.history(run)
        told = estimate(history.pace, waves, SEED)
        return history, told, round((time.monotonic() - began) * 1000)
