"""What a resident gateway does of its own accord: it fires timers, records denials, and has a verifier run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers, due_tasks
from onloop.machine.state import LIVE
from onloop.opened_store import grouping
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import Job

TICK_S = 0.05
ASIDE_TICK_S = 0.5
SUPERVISION_S = 2.0
FOLLOWED_S = 60.0
"""How often is looked for work that is made elsewhere: its verifier looks there."""


@dataclass(slots=True)
class StoreUpkeep:
    """Looks at the store from time to time: `aside` where that may take its time, else at once.

    Every gateway of a database does so; what comes due is fired once, whoever is first.
    """

    gateway: Gateway
    ensure_verifier: Callable[[], None]
    complain: Callable[[Exception], None]
    aside: Executor | None = None
    _ticked: float = 0.0
    _supervised: float = 0.0
    _followed_at: float = -FOLLOWED_S
    _is_followed: bool = False
    _under_way: Future[None] | None = field(default=None, repr=False)

    def look(self, now: float) -> None:
        """Do what is due at `now`, in seconds; an error is told, and ends nothing."""
        if self.aside is None:
            self._look(now)
        elif now - self._ticked >= ASIDE_TICK_S and (self._under_way is None or self._under_way.done()):
            self._under_way = self.aside.submit(self._look, now)

    def _look(self, now: float) -> None:
        try:
            if now - self._ticked >= TICK_S:
                self._ticked = now
                self._keep_time()
            if now - self._supervised >= SUPERVISION_S:
                self._supervised = now
                self._supervise(now)
        except Exception as problem:
            self.complain(problem)

    def _keep_time(self) -> None:
        gateway, now = self.gateway, self.gateway.clock()
        with gateway.store.reading() as at:
            is_due = bool(due_tasks(at, now)) or gateway.denials.has_overdue(now)
        if is_due:
            with grouping(gateway.store):
                gateway.perform(FireTimers())

    def _supervise(self, now: float) -> None:
        with self.gateway.store.reading() as at:
            if now - self._followed_at >= FOLLOWED_S:
                self._followed_at, self._is_followed = now, is_followed(at)
            house = at.house()
            is_outward = bool(house.schedules) or house.calls is not None  # its verifier sees to both
            is_asked = bool(at.select(Job)) or house.wants_probe or is_outward or self._is_followed
        if is_asked:
            self.ensure_verifier()


def is_followed(at: Reading) -> bool:
    """Whether a live task waits for work, or for words, from elsewhere."""
    live = at.tasks(TaskFilter(states=tuple(sorted(LIVE))))
    return any(task.elsewhere is not None or task.links for task in live)
