"""What a transaction has read and changed and not sent yet, and the statements that send it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.records import MutableRecord, field
from onloop.store.codec import to_text
from onloop.store.port import EventRow, run_of
from onloop.store.postgres.row_tables import ROW_TABLES
from onloop.store.postgres.statement_bundle import Statement
from onloop.store.rows import Head, StoreRow
from onloop.store.seal import seal_of

R = TypeVar("R", bound=StoreRow)
Place = tuple[type[StoreRow], str]
Sealed = tuple[StoreRow, str]

_EVENT_PLACES = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
MOST_TOGETHER = 8
"""How many events one statement adds: few sizes, so that each is prepared once."""

_PENDING = "INSERT INTO pending (run, first, last) VALUES (%s, %s, %s)"
_TASK = (
    "INSERT INTO task (id, run, parent, state, reason, wanted, held, not_before, data, seal) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET run = excluded.run, "
    "parent = excluded.parent, state = excluded.state, reason = excluded.reason, wanted = excluded.wanted, "
    "held = excluded.held, not_before = excluded.not_before, data = excluded.data, seal = excluded.seal"
)
_HOUSE = (
    "INSERT INTO house VALUES (%s, %s, %s) ON CONFLICT (id) DO UPDATE SET data = excluded.data, seal = excluded.seal"
)
_BLOB = "INSERT INTO blob VALUES (%s, %b)"


def task_columns(task: Task) -> tuple[Any, ...]:
    """The columns of a task's row, as in TASK_COLUMNS."""
    reason = None if task.reason is None else task.reason.value
    place = (task.id, task.run, task.parent, task.state.value, reason)
    return *place, task.wanted, int(task.holder is not None), task.not_before, to_text(task)


class PendingChanges(MutableRecord):
    """Rows by kind and key (None: there is none) as they are for this transaction, and which of them are not sent."""

    rows: dict[Place, Sealed | None] = field(default_factory=dict)
    there: dict[Place, str | None] = field(default_factory=dict)
    """The seal of each row as the database has it now."""
    first: dict[Place, str | None] = field(default_factory=dict)
    """The seal of each row as it was when this transaction began."""
    unsent: dict[Place, None] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    unsent_tasks: dict[str, None] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    house: StoreState | None = None
    is_house_unsent: bool = False
    is_any_sent: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be sent."""
        return not (self.unsent or self.unsent_tasks or self.events or self.blobs or self.is_house_unsent)

    def read(self, kind: type[StoreRow], key: str, found: Sealed | None) -> None:
        """The row is there in the database, or is not."""
        place = kind, key
        if place not in self.there:
            self.rows[place] = found
            self.there[place] = self.first[place] = None if found is None else found[1]

    def read_again(self, kind: type[StoreRow], key: str, found: Sealed) -> None:
        """The row was read once more, and nobody else can change it from now on."""
        if (kind, key) not in self.rows or self._is_as_read((kind, key)):
            self.rows[kind, key], self.there[kind, key], self.first[kind, key] = found, found[1], found[1]

    def put(self, place: Place, found: Sealed | None) -> None:
        """The row is there from now on, or is not; it was read before."""
        self.rows[place] = found
        self.unsent[place] = None

    def drain(self, is_ours: Any) -> Iterator[Statement]:
        """The statements for what was not sent yet; `is_ours` says of a row whether nobody else can change it now."""
        self.is_any_sent = self.is_any_sent or not self.is_empty
        yield from self._drain_log()
        for task_id in self.unsent_tasks:
            columns = task_columns(self.tasks[task_id])
            yield _TASK, (*columns, seal_of("task", columns))
        if self.is_house_unsent and self.house is not None:
            row = (HOUSE, to_text(self.house))
            yield _HOUSE, (*row, seal_of("house", row))
        for place in self.unsent:
            yield from self._changed(place, is_ours)
        self.unsent.clear()
        self.unsent_tasks.clear()
        self.is_house_unsent = False

    def _drain_log(self) -> Iterator[Statement]:
        for digest, content in self.blobs.items():
            yield _BLOB, (digest, content)
        self.blobs.clear()
        stretches = list[list[Any]]()
        for begin in range(0, len(self.events), MOST_TOGETHER):
            some = self.events[begin : begin + MOST_TOGETHER]
            places = ", ".join([_EVENT_PLACES] * len(some))
            yield f"INSERT INTO event VALUES {places}", [value for row in some for value in row[1:]]  # noqa: S608
        for _, run, run_seq, *_ in self.events:
            if stretches and stretches[-1][0] == run:
                stretches[-1][2] = run_seq
            else:
                stretches.append([run, run_seq, run_seq])
        self.events.clear()
        for stretch in stretches:
            yield _PENDING, stretch

    def _changed(self, place: Place, is_ours: Any) -> Iterator[Statement]:
        now, there, table = self.rows[place], self.there[place], ROW_TABLES[place[0]]
        self.there[place] = None if now is None else now[1]
        if now is None:
            if there is not None:
                ours = is_ours(place)
                yield (table.remove, (place[1],)) if ours else (table.remove_as, (place[1], there))
            return
        values = (*table.values_of(now[0]), now[1])
        if there is None:
            yield table.insert, values
        elif is_ours(place):
            yield table.put, values
        else:
            yield table.swap, (*values[1:], values[0], there)

    def recall(self, rows: Mapping[Place, Sealed | None], tasks: Mapping[str, Task]) -> None:
        """These rows and tasks are as the database has them."""
        for place, found in rows.items():
            self.read(*place, found)
        for task_id, task in tasks.items():
            self.tasks.setdefault(task_id, task)

    def own(self, kind: type[R]) -> Iterator[tuple[str, R | None]]:
        """The rows of that kind that this transaction knows, by key."""
        for (other, key), found in self.rows.items():
            if other is kind:
                yield key, None if found is None else cast("R", found[0])

    def forget(self, is_stale: Any) -> None:
        """What was read and not changed is to be read again, where `is_stale` says so of a row."""
        stale = [place for place, found in self.rows.items() if self._is_as_read(place) and is_stale(place, found)]
        for place in stale:
            del self.rows[place], self.there[place], self.first[place]

    def _is_as_read(self, place: Place) -> bool:
        return place not in self.unsent and self.first[place] == self.there[place]


def run_of_row(place: Place, found: Sealed | None) -> str | None:
    """The run that a row belongs to; None for one of no run, or where that cannot be told."""
    if found is not None:
        task = getattr(found[0], "task", None)
        return None if task is None else run_of(task)
    kind, key = place
    return run_of(key) if ROW_TABLES[kind].key == "task" else None


TURN = "UPDATE head SET turn = turn + 1 WHERE run = %s"
"""Something of a run was changed that is not its chain, by a transaction that has not locked it."""

HEAD_PUT = (
    "INSERT INTO head (run, count, hash, seal, turn, tally) VALUES (%s, %s, %s, %s, 1, %s)",
    "UPDATE head SET count = %s, hash = %s, seal = %s, turn = turn + 1, tally = %s WHERE run = %s",
)
"""How a run's head is written: at first, and from then on."""


def head_statement(head: Head, tally: str, *, is_new: bool) -> Statement:
    """The statement that stores the head of a run that this transaction has locked."""
    seal = seal_of("head", (head.run, head.count, head.hash))
    if is_new:
        return HEAD_PUT[0], (head.run, head.count, head.hash, seal, tally)
    return HEAD_PUT[1], (head.count, head.hash, seal, tally, head.run)
