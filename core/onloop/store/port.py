"""The port: what every store promises. One contract suite (tests/store/test_contract.py) runs on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Protocol, TypeVar

from onloop.machine.limits import Id, Items, Range
from onloop.machine.state import State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.codec import Logged
from onloop.store.rows import Head, Lease, StoreRow

R = TypeVar("R", bound=StoreRow)
AnswerT = TypeVar("AnswerT")
Seq = Annotated[int, Range(0, 2**63 - 1)]
"""A place in the log."""


class EventEntry(Record):
    """An event on its way into the log: which task of which run, who caused it, at what time (ms), under which key."""

    run: str
    task: str
    event: Logged
    at: int
    principal: str
    key: str = ""


class Recorded(Record):
    """An event in the log: `seq` counts the whole log, `run_seq` its run, `version` its task; `hash` chains the run."""

    seq: int
    run: str
    run_seq: int
    task: str
    version: int
    name: str
    data: str
    at: int
    principal: str
    key: str
    hash: str


EventRow = tuple[int, str, int, str, int, str, str, int, str, str, str]
"""An event in the log as its bare columns: what `Recorded` says, in its order."""


class StorePast(Record):
    """What stood otherwise at a place in the log: `tasks` as they stood, `gone` those that had not begun, the `house`.

    Every other task stood as it stands now.
    """

    tasks: tuple[Task, ...] = ()
    gone: tuple[str, ...] = ()
    house: StoreState = StoreState()


class TaskFilter(Record):
    """Selects tasks; None means any. `changed_after` is a log sequence.

    `delayed` selects those with a time before which they are not tried; that may be past.
    """

    run: Id | None = None
    parent: Id | None = None
    states: Annotated[tuple[State, ...], Items(len(State))] | None = None
    changed_after: Seq | None = None
    delayed: bool = False


class StandingCount(Record):
    """How many tasks of a wave have this standing, and whether it is of those that a person had tried again."""

    standing: str
    retried: bool
    count: int


def run_of(task_id: str) -> str:
    """The run that a task belongs to: its id begins with it."""
    return task_id.partition(".")[0]


class Reading(Protocol):
    """One consistent moment of the store."""

    def task(self, task_id: str) -> Task | None:
        """The task as folded, or None."""
        ...

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """The tasks that fit, oldest first."""
        ...

    def task_count(self) -> int:
        """How many tasks there are."""
        ...

    def child_states(self, parent: str) -> Sequence[State]:
        """The states of a task's children without the excluded ones; cheaper than reading the children."""
        ...

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        """The submitted tasks that wait for one of `roles` and whose pause is over: `limit` of them, in order.

        Those with the highest priority come first, and of these the oldest.

        Each is given by its id and by the id of the task whose slot it would use: its parent, or its run.
        """
        ...

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:
        """For whom submitted tasks wait whose pause is over (roles, or agents by name), and how many for each."""
        ...

    def held(self, run: str) -> int:
        """How many tasks of the run have a holder."""
        ...

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        """How many tasks of a fleet's wave stand how; cheaper than reading their rows."""
        ...

    def house(self) -> StoreState:
        """Who is enrolled, what is frozen."""
        ...

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
        """Up to `limit` events with a sequence above `after` and below `before`, in order.

        Where there are more, they are the first ones, or the `newest`. With `names`, only events of these names.
        """
        ...

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        """What stood otherwise after the event with that sequence, of these tasks or of all; no archived runs."""
        ...

    def last_seq(self) -> int:
        """The sequence of the newest event; 0 in an empty log."""
        ...

    def get(self, kind: type[R], key: str) -> R | None:
        """The row of that kind under that key."""
        ...

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """The rows of that kind whose fields equal what is given, in order of their keys."""
        ...

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        """The leases of agents that are silent at `now` (ms; attention.idle: silence), in order of their tasks.

        Only their rows are read; verification finds a row that somebody changed to hide a silence.
        """
        ...

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """Ids of tasks (or only `task`) with a timer or a lease that has come due by `now`, oldest first."""
        ...

    def blob(self, digest: str) -> bytes | None:
        """The bytes stored under their sha256 digest."""
        ...


class Transaction(Reading, Protocol):
    """One change, all or nothing."""

    def lock_run(self, run: str, *, wait: bool = True) -> bool:
        """Keep every other writer from `run` until the end; what was read of it before is to be read again.

        So is any other name, which then stands for what writers of that name agree on.
        False, at once, if another writer has it now and this one does not `wait`.
        """
        ...

    def append(self, entries: Sequence[EventEntry]) -> None:
        """Add events to the log, chained; the tasks they concern are folded and stored by `put_task`."""
        ...

    def put_task(self, task: Task) -> None:
        """Store the fold of a task's events."""
        ...

    def put_house(self, house: StoreState) -> None:
        """Store the fold of the whole store's events."""
        ...

    def put(self, row: StoreRow) -> None:
        """Store a row, replacing the one with its key."""
        ...

    def pick(self, kind: type[R], **equal: str | int | None) -> R | None:
        """A row whose fields equal what is given and that no other transaction has picked; it is this one's to change.

        None where there is none: a row that another transaction has picked is passed over, not waited for.
        """
        ...

    def delete(self, kind: type[StoreRow], key: str) -> None:
        """Remove a row if it exists."""
        ...

    def forget(self, before: int, limit: int) -> None:
        """Remove up to `limit` of the oldest remembered answers that were given before that time (ms)."""
        ...

    def put_blob(self, content: bytes) -> str:
        """Store bytes; the answer is their sha256 digest, hex."""
        ...


class Store(Protocol):
    """A place where onloop's state is kept."""

    @property
    def receipt(self) -> Head | None:
        """The log's head after this object's last change; None before the first."""
        ...

    def reading(self) -> AbstractContextManager[Reading]:
        """A consistent snapshot; it never waits for writers."""
        ...

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:
        """Take a turn to write: do `body` in one transaction, and return its answer once the transaction is durable.

        `about` is the task (or run, or HOUSE) that it is about: its run is locked first. An error of `body` leaves no
        trace. A store may run `body` again, in a new transaction, when another writer was first. So `body` changes
        nothing but the transaction, and depends on nothing that an earlier run left behind.
        """
        ...

    def stamp(self) -> int:
        """A number that differs after another connection has committed; cheap enough to ask 50 times a second."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...
