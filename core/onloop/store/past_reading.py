"""A moment of the store that has been, as a reading: what the log says of it, and nothing that it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading, Recorded, StandingCount, StorePast, TaskFilter
from onloop.store.rows import Lease, PinnedWorkflow, StoreRow

R = TypeVar("R", bound=StoreRow)

_OF_EVER = (PinnedWorkflow,)
"""Kinds of rows that are named by what they hold, and so were never otherwise."""


class PastReading(Record):
    """See Reading: the store after the event `seq`. Leases, jobs and timers of then are unknown, so there are none."""

    reading: Reading
    seq: int

    def task(self, task_id: str) -> Task | None:
        """See Reading.task."""
        found = self.reading.task(task_id)
        return None if found is None else next(iter(self._then((found,))), None)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading.tasks; a task never leaves its run or its parent."""
        then = self._then(self.reading.tasks(TaskFilter(run=wanted.run, parent=wanted.parent)))
        return [
            task
            for task in then
            if (wanted.states is None or task.state in wanted.states) and not (wanted.delayed and task.not_before == 0)
        ]

    def _then(self, tasks: Sequence[Task]) -> list[Task]:
        past = self.reading.past(self.seq, tuple(task.id for task in tasks))
        otherwise, gone = {task.id: task for task in past.tasks}, frozenset(past.gone)
        return [otherwise.get(task.id, task) for task in tasks if task.id not in gone]

    def task_count(self) -> int:
        """See Reading.task_count."""
        return len(self.tasks(TaskFilter()))

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading.child_states."""
        return [task.state for task in self.tasks(TaskFilter(parent=parent)) if task.reason is not Reason.EXCLUDED]

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """See Reading.claimable: nothing of then can be claimed."""
        return ()

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:  # noqa: ARG002
        """See Reading.waiting: nobody waits for what has been."""
        return ()

    def held(self, run: str) -> int:
        """See Reading.held."""
        return sum(task.holder is not None for task in self.tasks(TaskFilter(run=run)))

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:  # noqa: ARG002
        """See Reading.standings: counted rows are of now."""
        return ()

    def house(self) -> StoreState:
        """See Reading.house."""
        return self.reading.past(self.seq, ()).house

    def log(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        run: str | None = None,
        task: str | None = None,
        newest: bool = False,
        names: Sequence[str] = (),
    ) -> Sequence[Recorded]:
        """See Reading.log."""
        until = self.seq + 1 if before is None else min(before, self.seq + 1)
        return self.reading.log(after=after, before=until, limit=limit, run=run, task=task, newest=newest, names=names)

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        """See Reading.past."""
        return self.reading.past(min(seq, self.seq), tasks)

    def last_seq(self) -> int:
        """See Reading.last_seq."""
        return min(self.seq, self.reading.last_seq())

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading.get."""
        return self.reading.get(kind, key) if kind in _OF_EVER else None

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading.select."""
        return self.reading.select(kind, **equal) if kind in _OF_EVER else ()

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:  # noqa: ARG002
        """See Reading.silent: who was heard from is unknown."""
        return ()

    def due(self, now: int, task: str | None = None) -> Sequence[str]:  # noqa: ARG002
        """See Reading.due."""
        return ()

    def blob(self, digest: str) -> bytes | None:
        """See Reading.blob."""
        return self.reading.blob(digest)
