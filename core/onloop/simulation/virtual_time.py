"""Time that passes only when something is due: the clock of a simulation, and what is to come."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from onloop.records import MutableRecord, field

Act = Callable[[], None]
"""Something that happens at its time."""


class VirtualTime(MutableRecord):
    """A clock (ms) that jumps from one act to the next. Acts of one time happen in the order in which they were set."""

    now: int
    _coming: list[tuple[int, int, Act]] = field(default_factory=list)
    _set: int = 0

    def __call__(self) -> int:
        """Now, as the gateway asks for it."""
        return self.now

    def at(self, when: int, act: Act) -> None:
        """Let `act` happen at `when` (ms), or now, if that is past."""
        self._set += 1
        heapq.heappush(self._coming, (max(when, self.now), self._set, act))

    def after(self, pause_ms: int, act: Act) -> None:
        """Let `act` happen in `pause_ms`."""
        self.at(self.now + pause_ms, act)

    def next(self, until: int) -> Act | None:
        """The next act that comes before `until` (ms), with the clock at its time; None where there is none."""
        if not self._coming or self._coming[0][0] > until:
            return None
        self.now, _, act = heapq.heappop(self._coming)
        return act
