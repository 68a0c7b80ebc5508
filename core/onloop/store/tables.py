"""All SQL of the store's daily work. Every row outside the log carries a seal, and is believed only if it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, TypeVar

import apsw

from onloop.errors import StoreError
from onloop.machine.house import HOUSE, House
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, sealed
from onloop.store.codec import from_text, to_text
from onloop.store.port import Entry, Recorded, TaskFilter
from onloop.store.rows import LOG, ROWS, Head, Remembered, Row
from onloop.store.rows import columns as columns_of
from onloop.store.seal import added, seal_of

R = TypeVar("R", bound=Row)

TASK_COLUMNS = ("id", "run", "parent", "state", "wanted", "held", "not_before", "seq", "ordinal", "data")
UNTALLIED = (Head,)
"""Kinds whose every row follows from the log: verification computes them, and needs no tally."""

MOST_FOLDED = 256
"""Of how many tasks the fold that was written last is kept, under the very text that was written."""

_EVENT_COLUMNS: Callable[[Recorded], tuple[object, ...]] = attrgetter(*Recorded.__slots__)
_EVENT_TYPES = (int, str, int, str, int, str, str, int, str, str, str)
_PUT_TASK = (
    "INSERT INTO task VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT (id) DO UPDATE "
    "SET run=?2, parent=?3, state=?4, wanted=?5, held=?6, not_before=?7, seq=?8, ordinal=?9, data=?10, seal=?11"
)
_ENDS = (
    "SELECT (SELECT seq FROM event WHERE task=?1 ORDER BY version DESC LIMIT 1), "
    "(SELECT seq FROM event WHERE task=?1 ORDER BY version LIMIT 1)"
)
_INSERT_EVENT = "INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?)"


def task_row(task: Task, seq: int, ordinal: int) -> tuple[Any, ...]:
    """The columns of a task's row, as in TASK_COLUMNS; `seq` and `ordinal` are of its last and first event."""
    held, state = int(task.holder is not None), task.state.value
    return task.id, task.run, task.parent, state, task.wanted, held, task.not_before, seq, ordinal, to_text(task)


@lru_cache(maxsize=4)
def _house(data: str) -> House:
    return from_text(House, data)


@dataclass(frozen=True, slots=True)
class _Table:
    """How rows of a kind are read and written."""

    name: str
    key: str
    values_of: Callable[[Row], tuple[Any, ...]]
    select: str
    put: str


def _table(kind: type[Row]) -> _Table:
    name, columns = kind.__name__.lower(), columns_of(kind)
    told = f"{','.join(columns)}, seal"
    return _Table(
        name,
        columns[0],
        attrgetter(*columns),
        f"SELECT {told} FROM {name} WHERE ",  # noqa: S608 - all names are ours
        f"INSERT OR REPLACE INTO {name} ({told}) VALUES ({'?,' * len(columns)}?)",  # noqa: S608
    )


_TABLES: Mapping[type[Row], _Table] = {kind: _table(kind) for kind in ROWS}


_CHILD_STATES = """
SELECT state, count(*) FROM task
WHERE parent=? AND NOT (state='paused' AND json_extract(data, '$.reason') IS 'excluded') GROUP BY state
"""
"""Only what is paused is looked into, for why it is."""


class Tables:
    """See Transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._tallies: dict[str, tuple[int, str]] = {}
        self._folded: dict[str, Task] = {}
        self._stored: Mapping[str, tuple[int, str]] = {}
        self._log: Head | None = None
        self._writes = False

    def run(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row that `query` gives; StoreError where the file holds bytes that are no text."""
        try:
            return self._connection.execute(query, values).fetchall()
        except UnicodeDecodeError as problem:
            raise StoreError(
                f"the store holds a text that is none: {problem.reason}", hint="onloop store verify; restore a backup"
            ) from None

    def begin(self, tallied: Mapping[str, tuple[int, str]] | None = None) -> None:
        """Write from here on; what was counted and rolled back is forgotten, and `tallied` is what stands of it."""
        self._tallies, self._stored, self._log, self._writes = dict(tallied or {}), {}, None, True

    def end(self) -> None:
        """Write no more: others may, and change what was known."""
        self._tallies, self._stored, self._log, self._writes = {}, {}, None, False

    def tallied(self) -> Mapping[str, tuple[int, str]]:
        """The tallies that this transaction has changed by now."""
        return dict(self._tallies)

    def flush(self) -> None:
        """Write the tallies that this transaction changed."""
        rows = [(name, *tally) for name, tally in self._tallies.items()]
        self._connection.executemany("INSERT OR REPLACE INTO tally VALUES (?,?,?)", rows)
        self._tallies, self._stored = {}, {}

    def task(self, task_id: str) -> Task | None:
        """See Reading."""
        return next(iter(self._tasks("id=?", (task_id,))), None)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading."""
        clauses, values = ["1"], list[Any]()
        for column, value in (("run=?", wanted.run), ("parent=?", wanted.parent), ("seq>?", wanted.changed_after)):
            if value is not None:
                clauses.append(column)
                values.append(value)
        if wanted.states is not None:
            clauses.append(f"state IN ({','.join('?' * len(wanted.states))})")
            values += [state.value for state in wanted.states]
        return self._tasks(" AND ".join(clauses), values)

    def _tasks(self, where: str, values: Sequence[Any]) -> list[Task]:
        query = f"SELECT {','.join(TASK_COLUMNS)}, seal FROM task WHERE {where} ORDER BY ordinal"  # noqa: S608
        found = []
        for *row, seal in self.run(query, values):
            check_seal("task", row, seal)
            found.append(self._folded.get(row[-1]) or from_text(Task, row[-1]))
        return found

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading."""
        counted = self.run(_CHILD_STATES, (parent,))
        try:
            return [State(state) for state, count in counted for _ in range(count)]
        except ValueError as problem:
            raise StoreError(f"a child of {parent}: {problem}", hint="onloop store verify") from None

    def claimable(self, roles: Sequence[str], now: int) -> Sequence[str]:
        """See Reading."""
        marks = ",".join("?" * len(roles))
        query = f"SELECT id FROM task WHERE wanted IN ({marks}) AND not_before<=? ORDER BY ordinal"  # noqa: S608
        return [task_id for (task_id,) in self.run(query, (*roles, now))]

    def held(self, run: str) -> int:
        """See Reading."""
        return int(self.run("SELECT count(*) FROM task WHERE run=? AND held=1", (run,))[0][0])

    def house(self) -> House:
        """See Reading."""
        for *row, seal in self.run("SELECT id, data, seal FROM house"):
            check_seal("house", row, seal)
            return _house(row[-1])
        return House()

    def log(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        run: str | None = None,
        task: str | None = None,
        newest: bool = False,
    ) -> Sequence[Recorded]:
        """See Reading."""
        where, values = "seq>?", list[Any]([after])
        for clause, value in (("seq<?", before), ("run=?", run), ("task=?", task)):
            if value is not None:
                where += f" AND {clause}"
                values.append(value)
        order = "DESC" if newest else "ASC"
        query = f"SELECT * FROM event WHERE {where} ORDER BY seq {order} LIMIT ?"  # noqa: S608 - the words are ours
        found = []
        rows = list(self.run(query, (*values, limit)))
        for row in reversed(rows) if newest else rows:
            if tuple(map(type, row)) != _EVENT_TYPES or row[0] <= after:
                raise StoreError(
                    f"the log cannot be read after event {after}", hint="onloop store verify; restore a backup"
                )
            after = row[0]
            found.append(Recorded(*row))
        return found

    def last_seq(self) -> int:
        """See Reading."""
        return self.log_head().count

    def log_head(self) -> Head:
        """The end of the whole log's chain."""
        if self._log is not None:
            return self._log
        head = self.get(Head, LOG) or Head(LOG, 0, GENESIS)
        self._log = head if self._writes else None
        return head

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading."""
        return next(iter(self.select(kind, **{columns_of(kind)[0]: key})), None)

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading."""
        table, found = _TABLES[kind], list[R]()
        where = " AND ".join(f"{column} IS ?" for column in equal) or "1"
        for row in self.run(f"{table.select}{where} ORDER BY 1", tuple(equal.values())):
            check_seal(table.name, row[:-1], row[-1])
            found.append(kind(*row[:-1]))
        return found

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """See Reading."""
        if task is not None:
            both = (
                "SELECT 1 FROM due WHERE task=?1 AND at<=?2 UNION ALL SELECT 1 FROM lease WHERE task=?1 AND expires<=?2"
            )
            return [task] if self.run(f"{both} LIMIT 1", (task, now)) else []
        both = "SELECT task, at FROM due WHERE at<=?1 UNION ALL SELECT task, expires FROM lease WHERE expires<=?1"
        query = f"SELECT task FROM ({both}) GROUP BY task ORDER BY min(at)"  # noqa: S608
        return [task_id for (task_id,) in self.run(query, (now,))]

    def blob(self, digest: str) -> bytes | None:
        """See Reading."""
        for (content,) in self.run("SELECT bytes FROM blob WHERE digest=?", (digest,)):
            if sha256(content).hexdigest() != digest:
                raise StoreError(f"blob {digest[:12]} does not fit its digest", hint="onloop store verify")
            return bytes(content)
        return None

    def append(self, entries: Sequence[Entry]) -> None:
        """See Transaction."""
        log, heads, versions, events = self.log_head(), dict[str, Head](), dict[str, int](), list[Recorded]()
        for entry in entries:
            head = heads.get(entry.run) or self.get(Head, entry.run) or Head(entry.run, 0, GENESIS)
            versions[entry.task] = 1 + (versions.get(entry.task) or self._version(entry.task))
            event, heads[entry.run], log = sealed(entry, head, log, versions[entry.task])
            events.append(event)
        self.insert(events)
        for head in (*heads.values(), log):
            self.put(head)

    def _version(self, task_id: str) -> int:
        return int(self.run("SELECT coalesce(max(version), 0) FROM event WHERE task=?", (task_id,))[0][0])

    def insert(self, events: Iterable[Recorded]) -> None:
        """Put events into the log as they were recorded: by `append`, or elsewhere by import, which checks chains."""
        self._connection.executemany(_INSERT_EVENT, map(_EVENT_COLUMNS, events))

    def put_task(self, task: Task) -> None:
        """See Transaction."""
        ((seq, ordinal),) = self.run(_ENDS, (task.id,))
        row = task_row(task, self.last_seq() if seq is None else seq, self.last_seq() if ordinal is None else ordinal)
        while len(self._folded) >= MOST_FOLDED:
            del self._folded[next(iter(self._folded))]
        self._folded[row[-1]] = task
        self.run(_PUT_TASK, (*row, seal_of("task", row)))

    def put_house(self, house: House) -> None:
        """See Transaction."""
        row = (HOUSE, to_text(house))
        self.run("INSERT OR REPLACE INTO house VALUES (?,?,?)", (*row, seal_of("house", row)))

    def put(self, row: Row) -> None:
        """See Transaction."""
        table = _TABLES[type(row)]
        values = table.values_of(row)
        seal = seal_of(table.name, values)
        if type(row) not in UNTALLIED:
            self._tally(table.name, self._seal(table.name, table.key, values[0]), seal)
        self.run(table.put, (*values, seal))
        if isinstance(row, Head) and row.run == LOG:
            self._log = row if self._writes else None

    def delete(self, kind: type[Row], key: str) -> None:
        """See Transaction."""
        table, column = kind.__name__.lower(), columns_of(kind)[0]
        if kind not in UNTALLIED:
            self._tally(table, self._seal(table, column, key), None)
        self.run(f"DELETE FROM {table} WHERE {column}=?", (key,))  # noqa: S608

    def forget(self, before: int, limit: int) -> None:
        """See Transaction."""
        for (key,) in self.run("SELECT key FROM remembered WHERE at<? ORDER BY at, key LIMIT ?", (before, limit)):
            self.delete(Remembered, key)

    def put_blob(self, content: bytes) -> str:
        """See Transaction."""
        digest = sha256(content).hexdigest()
        if not self.run("SELECT 1 FROM blob WHERE digest=?", (digest,)):
            self.run("INSERT INTO blob VALUES (?,?)", (digest, content))
            self._tally("blob", None, digest)
        return digest

    def delete_blob(self, digest: str) -> None:
        """Remove the bytes under a digest, if they are there."""
        if self.run("SELECT 1 FROM blob WHERE digest=?", (digest,)):
            self.run("DELETE FROM blob WHERE digest=?", (digest,))
            self._tally("blob", digest, None)

    def _seal(self, table: str, column: str, key: object) -> str | None:
        found = self.run(f"SELECT seal FROM {table} WHERE {column}=?", (key,))  # noqa: S608
        return found[0][0] if found else None

    def _tally(self, name: str, gone: str | None, come: str | None) -> None:
        if gone == come:
            return
        if not self._stored:
            self._stored = {table: (count, total) for table, count, total in self.run("SELECT * FROM tally")}
        count, total = self._tallies.get(name) or self._stored.get(name) or (0, GENESIS)
        try:
            total = added(total, gone, -1) if gone is not None else total
            total = added(total, come) if come is not None else total
        except ValueError:
            raise StoreError(f"the tally of {name} is no number", hint="onloop store verify") from None
        self._tallies[name] = count + (come is not None) - (gone is not None), total


def check_seal(table: str, row: Sequence[object], seal: object) -> None:
    """StoreError unless the row is as it was written."""
    if seal_of(table, row) != seal:
        raise StoreError(
            f"the row {str(row[0])[:80]!r} of {table} is not as it was written",
            hint="onloop store verify names what differs; restore a backup",
        )
