"""The queries for single things: a task, the log, rows, bytes. Each of them reads one moment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from onloop.errors import BadInput
from onloop.gateway.identity import NOBODY
from onloop.gateway.operation import Attempt, Query
from onloop.machine.house import House
from onloop.machine.limits import Id, Items, Number, Range
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.store.port import Reading, Recorded, Seq, TaskFilter
from onloop.store.rows import (
    ROWS,
    Archived,
    Brief,
    Due,
    Glance,
    Head,
    Job,
    Lease,
    Pinned,
    Remembered,
    Row,
    SubAgent,
    Token,
    columns,
)

LONGEST_PAGE = 100_000
"""How many events of the log may be asked for at a time."""

Moment = Annotated[int, Range(-(2**53), 2**53)]
Roles = Annotated[tuple[Id, ...], Items(100)]
AnyRow = Lease | Token | Pinned | Job | Due | Remembered | Head | Glance | Brief | Archived | SubAgent
_KINDS: Mapping[str, type[Row]] = {kind.__name__: kind for kind in ROWS}


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


class ReadChildStates(Query[tuple[State, ...]], frozen=True):
    """The states of a task's children, those that are excluded left out."""

    name: ClassVar[str] = "child_states"
    parent: Id

    def carry_out(self, reading: Reading) -> tuple[State, ...]:
        """See Query."""
        return tuple(reading.child_states(self.parent))


class ReadClaimable(Query[tuple[tuple[str, str], ...]], frozen=True):
    """See Reading.claimable."""

    name: ClassVar[str] = "claimable"
    roles: Roles
    now: Moment
    limit: Number | None = None

    def carry_out(self, reading: Reading) -> tuple[tuple[str, str], ...]:
        """See Query."""
        return tuple(reading.claimable(self.roles, self.now, self.limit))


class ReadHeld(Query[int], frozen=True):
    """How many tasks of the run have a holder."""

    name: ClassVar[str] = "held"
    run: Id

    def carry_out(self, reading: Reading) -> int:
        """See Query."""
        return reading.held(self.run)


class ReadStoreState(Query[House], frozen=True):
    """Who is enrolled, what is frozen."""

    name: ClassVar[str] = "state"

    def carry_out(self, reading: Reading) -> House:
        """See Query."""
        return reading.house()


class ReadLog(Query[tuple[Recorded, ...]], frozen=True):
    """See Reading.log."""

    name: ClassVar[str] = "log"
    after: Seq = 0
    before: Seq | None = None
    limit: Annotated[int, Range(0, LONGEST_PAGE)] = 1000
    run: Id | None = None
    task: Id | None = None
    newest: bool = False

    def carry_out(self, reading: Reading) -> tuple[Recorded, ...]:
        """See Query."""
        return tuple(
            reading.log(
                after=self.after,
                before=self.before,
                limit=self.limit,
                run=self.run,
                task=self.task,
                newest=self.newest,
            )
        )


class ReadLastSeq(Query[int], frozen=True):
    """The sequence of the newest event; 0 in an empty log."""

    name: ClassVar[str] = "last_seq"

    def carry_out(self, reading: Reading) -> int:
        """See Query."""
        return reading.last_seq()


class ReadRow(Query[AnyRow | None], frozen=True):
    """The row of that kind under that key."""

    name: ClassVar[str] = "row"
    kind: Id
    key: Id

    @property
    def attempt(self) -> Attempt:
        """What a denial of it says."""
        return Attempt(NOBODY, f"read {self.kind.lower()} rows")

    def carry_out(self, reading: Reading) -> AnyRow | None:
        """See Query."""
        found: AnyRow | None = reading.get(_kind(self.kind), self.key)  # type: ignore[assignment]
        return found


class ReadRows(Query[tuple[AnyRow, ...]], frozen=True):
    """The rows of that kind whose columns equal what is given, in order of their keys."""

    name: ClassVar[str] = "rows"
    kind: Id
    equal: Annotated[tuple[tuple[Id, Id | Seq | None], ...], Items(20)] = ()

    @property
    def attempt(self) -> Attempt:
        """What a denial of it says."""
        return Attempt(NOBODY, f"read {self.kind.lower()} rows")

    def carry_out(self, reading: Reading) -> tuple[AnyRow, ...]:
        """See Query."""
        kind = _kind(self.kind)
        equal = dict(self.equal)
        unknown = equal.keys() - set(columns(kind))
        if unknown:
            raise BadInput(f"{kind.__name__} has no {min(unknown)!r}", hint=f"one of {', '.join(columns(kind))}")
        found: tuple[AnyRow, ...] = tuple(reading.select(kind, **equal))  # type: ignore[arg-type]
        return found


class ReadSilent(Query[tuple[Lease, ...]], frozen=True):
    """See Reading.silent."""

    name: ClassVar[str] = "silent"
    now: Moment
    stall_ms: Moment

    def carry_out(self, reading: Reading) -> tuple[Lease, ...]:
        """See Query."""
        return tuple(reading.silent(self.now, self.stall_ms))


class ReadDue(Query[tuple[str, ...]], frozen=True):
    """See Reading.due."""

    name: ClassVar[str] = "due"
    now: Moment
    task: Id | None = None

    def carry_out(self, reading: Reading) -> tuple[str, ...]:
        """See Query."""
        return tuple(reading.due(self.now, self.task))


class ReadBlob(Query[bytes | None], frozen=True):
    """The bytes stored under their digest."""

    name: ClassVar[str] = "blob"
    digest: Id

    def carry_out(self, reading: Reading) -> bytes | None:
        """See Query."""
        return reading.blob(self.digest)


def _kind(name: str) -> type[Row]:
    kind = _KINDS.get(name)
    if kind is None:
        raise BadInput(f"there is no kind of row {name!r}", hint=f"one of {', '.join(_KINDS)}")
    return kind
