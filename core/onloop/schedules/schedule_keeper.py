"""Begins what is due by the clock: called now and then by whoever looks after a store."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError, Refused, StoreError, Unavailable
from onloop.records import Record
from onloop.schedules.beginnings import begin
from onloop.schedules.firing_operations import FinishFiring, TakeFirings, is_anything_due
from onloop.schedules.firings import DueFiring
from onloop.text import safe

FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 10_000, 600_000
TOLD_AFTER = 3
"""After so many tries people are told of what may pass by itself."""


class ScheduleKeeper(Record):
    """Begins due firings, each once, as `who`; `say` tells the operator."""

    opened: GatewayHandle
    who: str
    say: Callable[[str], None]

    def keep(self) -> int:
        """See to what is due; the answer is how many runs began."""
        with self.opened.gateway.store.reading() as reading:
            if not is_anything_due(reading, self.opened.gateway.clock()):
                return 0
        return sum(self._begin(due) for due in self.opened.gateway.perform(TakeFirings(self.who)))

    def _begin(self, due: DueFiring) -> bool:
        try:
            task = begin(self.opened, due)
        except OnloopError as problem:
            self._failed(due, problem)
            return False
        self.opened.gateway.perform(FinishFiring(self.who, due.id, began=True, words=f"began {task.id}"))
        self.say(f"schedule {due.schedule.name} began {task.id}")
        return True

    def _failed(self, due: DueFiring, problem: OnloopError) -> None:
        passes = isinstance(problem, Unavailable | StoreError | Refused)
        pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << min(10, due.attempts)) if passes else 0
        words = safe(f"{problem.message}", 400)
        tell = not passes or due.attempts >= TOLD_AFTER
        self.opened.gateway.perform(
            FinishFiring(self.who, due.id, began=False, words=words, way_out=problem.hint, again_ms=pause, tell=tell)
        )
        self.say(safe(f"schedule {due.schedule.name} begins nothing: {problem.message}", 500))
