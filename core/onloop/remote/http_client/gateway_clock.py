"""The clock of a gateway on another machine, by what its answers say of it: this machine's may be wrong by hours."""

from __future__ import annotations

import time

LEAST_SKEW_MS = 2_500
"""Less than this between two clocks may be the way between them, and is left alone."""


class GatewayClock:
    """Shared by the lines to one gateway."""

    def __init__(self) -> None:
        self._ahead_ms = 0

    def now(self) -> int:
        """The gateway's time, in ms since the epoch."""
        return _here() + self._ahead_ms

    def hear(self, said: str) -> None:
        """Note the `Date` of an answer that has just come; what is no date says nothing."""
        from email.utils import parsedate_to_datetime  # here: a store of one's own needs no other clock

        try:
            there = parsedate_to_datetime(said).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            return
        ahead = round(there * 1000) + 500 - _here()  # to the middle of its second
        self._ahead_ms = ahead if abs(ahead) >= LEAST_SKEW_MS else 0


def _here() -> int:
    return time.time_ns() // 1_000_000
