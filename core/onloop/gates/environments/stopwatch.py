"""Measures where the time of a gate goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from onloop.machine.gate_facts import TimeSpent
from onloop.records import MutableRecord


class Stopwatch(MutableRecord):
    """Adds up, in ms, what each part of a gate takes; parts do not overlap."""

    spent: dict[str, int]
    is_cached: bool = False

    @contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Count the time of the block for a part."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spent[part] = self.spent.get(part, 0) + round(1000 * (time.monotonic() - began))

    def move(self, part: str, other: str, ms: int) -> None:
        """Count so much of a part for another one."""
        ms = min(max(0, ms), self.spent.get(part, 0))
        if ms:
            self.spent[part] -= ms
            self.spent[other] = self.spent.get(other, 0) + ms

    def told(self) -> TimeSpent:
        """What was counted so far."""
        return TimeSpent(**self.spent, setup_cached=self.is_cached)
