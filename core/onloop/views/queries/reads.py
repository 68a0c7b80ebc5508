"""The queries for single things: a task, tasks, the state of the store, the log, jobs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.limits import Id, Range
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Reading, Recorded, Seq, TaskFilter
from onloop.store.rows import Job
from onloop.views.query import Query

LONGEST_PAGE = 100_000
"""How many events of the log may be asked for at a time."""


class ReadTask(Query[Task | None], frozen=True):
    """The task as folded, or None."""

    name: ClassVar[str] = "task"
    task: Id

    def carry_out(self, reading: Reading) -> Task | None:
        """See Query."""
        return reading.task(self.task)


class ReadTasks(Query[tuple[Task, ...]], frozen=True):
    """The tasks that fit, oldest first."""

    name: ClassVar[str] = "tasks"
    wanted: TaskFilter = TaskFilter()

    def carry_out(self, reading: Reading) -> tuple[Task, ...]:
        """See Query."""
        return tuple(reading.tasks(self.wanted))


class ReadStoreState(Query[StoreState], frozen=True):
    """Who is enrolled, what is frozen."""

    name: ClassVar[str] = "state"

    def carry_out(self, reading: Reading) -> StoreState:
        """See Query."""
        return reading.house()


class ReadJobs(Query[tuple[Job, ...]], frozen=True):
    """What the verifier is asked to do."""

    name: ClassVar[str] = "jobs"

    def carry_out(self, reading: Reading) -> tuple[Job, ...]:
        """See Query."""
        return tuple(reading.select(Job))


class ReadEvents(Query[tuple[Recorded, ...]], frozen=True):
    """Up to `limit` events of the log between two sequences, in order: the first of them, or the newest."""

    name: ClassVar[str] = "log"
    after: Seq = 0
    before: Seq | None = None
    limit: Annotated[int, Range(0, LONGEST_PAGE)] = 1000
    run: Id | None = None
    task: Id | None = None
    newest: bool = False

    def carry_out(self, reading: Reading) -> tuple[Recorded, ...]:
        """See Query."""
        wanted = {name: getattr(self, name) for name in self.__struct_fields__}
        return tuple(map(_without_credentials, reading.log(**wanted)))


def _without_credentials(event: Recorded) -> Recorded:
    """The event, without what an origin's URL holds of a credential in a store of before that was refused."""
    data = without_credentials(event.data)
    return event if data == event.data else replace(event, data=data)
