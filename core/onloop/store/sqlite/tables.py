"""All SQL of the store's daily work. Every row outside the log carries a seal, and is used only if the seal matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar, cast

import apsw

from onloop.errors import BadInput, StoreError
from onloop.machine.state import State
from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, sealed
from onloop.store.chain import columns_of as columns_of_event
from onloop.store.codec import from_text, to_text
from onloop.store.past_fold import past_of
from onloop.store.port import EventEntry, EventRow, Recorded, StandingCount, StorePast, TaskFilter
from onloop.store.rows import LOG, Head, IdempotencyRecord, Lease, StoreRow, table_of
from onloop.store.rows import columns as columns_of
from onloop.store.seal import added, seal_of
from onloop.store.shared_values import PIECE, SharedValues
from onloop.store.sqlite import statements as sql
from onloop.store.sqlite.faults import not_utf8
from onloop.store.sqlite.statements import task_put, task_row, waiting_query
from onloop.store.sqlite.write_cache import Ends, Tally, WriteCache, task_asked
from onloop.store.trusted_rows import check_seal, checked_log

R = TypeVar("R", bound=StoreRow)

UNTALLIED = (Head,)
"""Kinds whose every row follows from the log: verification computes them, and needs no tally."""

MOST_ROLES = 100
MOST_FOLDED = 256
"""Of how many tasks the fold that was written last is kept, under the very text that was written."""

_INSERT_EVENT = "INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?)"


@lru_cache(maxsize=4)
def _house(data: str) -> StoreState:
    return from_text(StoreState, data)


class Tables:
    """See Transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._tallies: dict[str, Tally] = {}
        self._folded: dict[str, Task] = {}
        self._memory = WriteCache()
        self._known: WriteCache | None = None

    def run(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row that `query` gives; StoreError if the file holds text that is not UTF-8."""
        try:
            return self._connection.execute(query, values).fetchall()
        except UnicodeDecodeError as problem:
            raise not_utf8(problem) from None

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The same, a row at a time: who keeps none of them needs no memory for all."""
        try:
            yield from self._connection.execute(query, values)
        except UnicodeDecodeError as problem:
            raise not_utf8(problem) from None

    def begin(self, mark: int | None) -> None:
        """Start to write. The cache stays valid while `mark` is the same; None empties it."""
        self._memory.begin(mark)
        self._tallies, self._known = {}, self._memory if mark is not None else None

    def undone(self, tallied: Mapping[str, Tally]) -> None:
        """A part was rolled back: what was read in it or after it is forgotten, and `tallied` is what stands."""
        self._tallies = dict(tallied)
        self._memory.forget()

    def end(self, *, kept: bool) -> None:
        """Stop writing. The cache is `kept` for the next time if everything was committed."""
        self._tallies, self._known = {}, None
        if not kept:
            self._memory.forget()

    def tallied(self) -> Mapping[str, Tally]:
        """The tallies that this transaction has changed by now."""
        return dict(self._tallies)

    def flush(self) -> None:
        """Write the tallies that this transaction changed."""
        rows = [(name, *tally) for name, tally in self._tallies.items()]
        self._connection.executemany(sql.PUT_TALLY, rows)
        if self._memory.tallies:  # known as a whole or not at all
            self._memory.tallies.update(self._tallies)
        self._tallies = {}

    def lock_run(self, run: str, *, wait: bool = True) -> bool:  # noqa: ARG002 - the port's
        """See Transaction: there is no other writer."""
        return True

    def task(self, task_id: str) -> Task | None:
        """See Reading."""
        known = self._known.tasks.get(task_id) if self._known is not None else None
        return known or next(iter(self._tasks("id=?", (task_id,))), None)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading."""
        clauses, values = ["1"], list[Any]()
        equal = (("run=?", wanted.run), ("parent=?", wanted.parent), (sql.CHANGED_AFTER, wanted.changed_after))
        for column, value in equal:
            if value is not None:
                clauses.append(column)
                values.append(value)
        if wanted.states is not None:
            clauses.append(f"state IN ({','.join('?' * len(wanted.states))})")
            values += [state.value for state in wanted.states]
        if wanted.delayed:
            clauses.append("not_before>0")
        return self._tasks(" AND ".join(clauses), values)

    def _tasks(self, where: str, values: Sequence[Any]) -> list[Task]:
        query = f"SELECT {','.join(sql.TASK_COLUMNS)}, seal FROM task WHERE {where} ORDER BY ordinal"  # noqa: S608
        found, shared = [], SharedValues()
        for *row, seal in self.each(query, values):
            check_seal("task", row, seal)
            found.append(self._folded.get(row[-1]) or from_text(Task, row[-1]))
            if self._known is not None:
                self._known.tasks[row[0]] = found[-1]
                self._known.placed[row[0]] = tuple(row)
            elif len(found) % PIECE == 0:
                shared.of(found[-PIECE:])
        return found

    def task_count(self) -> int:
        """See Reading."""
        return int(self.run("SELECT count(*) FROM task")[0][0])

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading."""
        counted = self.run(sql.CHILD_STATES, (parent,))
        try:
            return [State(state) for state, count in counted for _ in range(count)]
        except ValueError as problem:
            raise StoreError(f"a child of {parent}: {problem}", hint="onloop store verify") from None

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        """See Reading."""
        wanted = dict.fromkeys(roles) or {"": None}
        if len(wanted) > MOST_ROLES:
            raise BadInput(f"{len(wanted)} roles at once", hint=f"ask for at most {MOST_ROLES}")
        query = waiting_query(len(wanted), is_ranked=bool(self.run(sql.ANY_FIRST)))
        values = [value for role in wanted for value in (role, now)]
        return [(task_id, among) for task_id, among, *_ in self.run(query, (*values, -1 if limit is None else limit))]

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:
        """See Reading."""
        return [(str(wanted), int(count)) for wanted, count in self.run(sql.WAITED_FOR, (now, run, run))]

    def held(self, run: str) -> int:
        """See Reading."""
        return int(self.run("SELECT count(*) FROM task WHERE run=? AND held=1", (run,))[0][0])

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        """See Reading."""
        return [
            StandingCount(str(n), bool(again), int(count)) for n, again, count in self.run(sql.STANDINGS, (fleet, wave))
        ]

    def house(self) -> StoreState:
        """See Reading."""
        if self._known is not None and self._known.house is not None:
            return self._known.house
        found = StoreState()
        for *row, seal in self.run("SELECT id, data, seal FROM house"):
            check_seal("house", row, seal)
            found = _house(row[-1])
        if self._known is not None:
            self._known.house = found
        return found

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
        """See Reading."""
        where, values = "seq>?", list[Any]([after])
        for clause, value in (("seq<?", before), ("run=?", run), ("task=?", task)):
            if value is not None:
                where += f" AND {clause}"
                values.append(value)
        if names:
            where += f" AND name IN ({', '.join('?' * len(names))})"
            values.extend(names)
        order = "DESC" if newest else "ASC"
        query = f"SELECT * FROM event WHERE {where} ORDER BY seq {order} LIMIT ?"  # noqa: S608 - the words are ours
        rows = self.run(query, (*values, limit))
        return [Recorded(*row) for row in checked_log(rows[::-1] if newest else rows, after)]

    def log_rows(self, after: int, limit: int) -> Sequence[EventRow]:
        """What `log` gives of the whole log, as bare columns: for those who read all of it."""
        return checked_log(self.run("SELECT * FROM event WHERE seq>? ORDER BY seq LIMIT ?", (after, limit)), after)

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        """See Reading."""
        changed = sql.changed_among(self.run, seq, tasks)
        return past_of(changed, lambda names: self.run(sql.events_until(len(names)), (seq, *names)))

    def last_seq(self) -> int:
        """See Reading."""
        return self.log_head().count

    def log_head(self) -> Head:
        """The end of the whole log's chain."""
        return self.get(Head, LOG) or Head(LOG, 0, GENESIS)

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading."""
        known = self._known
        if known is None or (kind, key) not in known.rows:
            rows = self._rows(kind, {columns_of(kind)[0]: key})
            if known is None:
                return rows[0][1] if rows else None
            known.rows[kind, key] = rows[0][1:] if rows else None
        found = known.rows[kind, key]
        return None if found is None else cast("R", found[0])

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading."""
        task = task_asked(columns_of(kind), equal) if self._known is not None else None
        if self._known is None or task is None:
            return [row for _, row, _ in self._rows(kind, equal)]
        known = self._known.all_of(kind, task)
        if known is None:
            found = self._rows(kind, equal)
            self._known.put_all(kind, task, found)
            return [row for _, row, _ in found]
        return known

    def pick(self, kind: type[R], **equal: str | int | None) -> R | None:
        """See Transaction.pick; there is one writer at a time."""
        return next(iter(self.select(kind, **equal)), None)

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        """See Reading."""
        return [lease for _, lease, _ in self._found(Lease, sql.SILENT, (now, stall_ms))]

    def _rows(self, kind: type[R], equal: Mapping[str, str | int | None]) -> list[tuple[str, R, str]]:
        """Keys, rows and seals, from the file."""
        where = " AND ".join(f"{column} IS ?" for column in equal) or "1"
        return self._found(kind, where, tuple(equal.values()))

    def _found(self, kind: type[R], where: str, values: Sequence[Any]) -> list[tuple[str, R, str]]:
        table, found = sql.STATEMENTS[kind], list[tuple[str, R, str]]()
        for row in self.run(f"{table.select}{where} ORDER BY 1", values):
            check_seal(table.name, row[:-1], row[-1])
            found.append((row[0], kind(*row[:-1]), row[-1]))
        return found

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """See Reading."""
        if task is not None:
            return [task] if self.run(sql.DUE_OF_TASK, (task, now)) else []
        both = "SELECT task, at FROM due WHERE at<=?1 UNION ALL SELECT task, expires FROM lease WHERE expires<=?1"
        query = f"SELECT task FROM ({both}) GROUP BY task ORDER BY min(at)"  # noqa: S608
        return [task_id for (task_id,) in self.run(query, (now,))]

    def blob(self, digest: str) -> bytes | None:
        """See Reading."""
        for (content,) in self.run("SELECT bytes FROM blob WHERE digest=?", (digest,)):
            if sha256(content).hexdigest() != digest:
                raise StoreError(f"blob {digest[:12]} does not match its digest", hint="onloop store verify")
            return bytes(content)
        return None

    def append(self, entries: Sequence[EventEntry]) -> None:
        """See Transaction."""
        log, heads, versions, events = self.log_head(), dict[str, Head](), dict[str, int](), list[Recorded]()
        for entry in entries:
            head = heads.get(entry.run) or self.get(Head, entry.run) or Head(entry.run, 0, GENESIS)
            versions[entry.task] = 1 + (versions.get(entry.task) or self._ends(entry.task).version)
            event, heads[entry.run], log = sealed(entry, head, log, versions[entry.task])
            events.append(event)
        self.insert(events)
        if self._known is not None:
            for event in events:
                self._known.appended(event.task, event.version, event.seq)
        for head in (*heads.values(), log):
            self.put(head)

    def _ends(self, task_id: str) -> Ends:
        known = self._memory.ends.get(task_id) if self._known is not None else None
        if known is None:
            ((version, first, last),) = self.run(sql.ENDS, (task_id,))
            known = Ends(version or 0, first or 0, last or 0)
            if self._known is not None:
                self._known.ends[task_id] = known
        return known

    def insert(self, events: Iterable[Recorded]) -> None:
        """Put events into the log as they were recorded: by `append`, or elsewhere by import, which checks chains."""
        self._connection.executemany(_INSERT_EVENT, map(columns_of_event, events))

    def put_task(self, task: Task) -> None:
        """See Transaction."""
        ends = self._ends(task.id)
        row = task_row(task, ends.last or self.last_seq(), ends.first or self.last_seq())
        while len(self._folded) >= MOST_FOLDED:
            del self._folded[next(iter(self._folded))]
        self._folded[row[-1]] = task
        before = None
        if self._known is not None:
            before = self._known.placed.get(task.id)
            self._known.tasks[task.id], self._known.placed[task.id] = task, row
        self.run(task_put(before, row), (*row, seal_of("task", row)))

    def put_house(self, house: StoreState) -> None:
        """See Transaction."""
        row = (HOUSE, to_text(house))
        if self._known is not None:
            self._known.house = house
        self.run("INSERT OR REPLACE INTO house VALUES (?,?,?)", (*row, seal_of("house", row)))

    def put(self, row: StoreRow) -> None:
        """See Transaction."""
        table = sql.STATEMENTS[type(row)]
        values = table.values_of(row)
        if self._known is not None and (there := self._known.rows.get((type(row), values[0]))) and there[0] == row:
            return
        seal = seal_of(table.name, values)
        if type(row) not in UNTALLIED:
            self._tally(table.name, self._seal(type(row), values[0]), seal)
        self.run(table.put, (*values, seal))
        if self._known is not None:
            self._known.put(row, values[0], seal)

    def delete(self, kind: type[StoreRow], key: str) -> None:
        """See Transaction."""
        table, column = table_of(kind), columns_of(kind)[0]
        gone = self._seal(kind, key)
        if gone is None:
            return
        if kind not in UNTALLIED:
            self._tally(table, gone, None)
        self.run(f"DELETE FROM {table} WHERE {column}=?", (key,))  # noqa: S608
        if self._known is not None:
            self._known.delete(kind, key)

    def forget(self, before: int, limit: int) -> None:
        """See Transaction."""
        for (key,) in self.run("SELECT key FROM remembered WHERE at<? ORDER BY at, key LIMIT ?", (before, limit)):
            self.delete(IdempotencyRecord, key)

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

    def _seal(self, kind: type[StoreRow], key: str) -> str | None:
        """The seal of the row that is there now; None where there is none."""
        if self._known is not None and (kind, key) in self._known.rows:
            known = self._known.rows[kind, key]
            return None if known is None else known[1]
        table = sql.STATEMENTS[kind]
        found = self.run(f"SELECT seal FROM {table.name} WHERE {table.key}=?", (key,))  # noqa: S608
        return found[0][0] if found else None

    def _tally(self, name: str, gone: str | None, come: str | None) -> None:
        if gone == come:
            return
        stored = self._memory.tallies
        if not stored:
            stored.update({table: (count, total) for table, count, total in self.run("SELECT * FROM tally")})
        count, total = self._tallies.get(name) or stored.get(name) or (0, GENESIS)
        try:
            total = added(total, gone, -1) if gone is not None else total
            total = added(total, come) if come is not None else total
        except ValueError:
            raise StoreError(f"the tally of {name} is not a number", hint="onloop store verify") from None
        self._tallies[name] = count + (come is not None) - (gone is not None), total
