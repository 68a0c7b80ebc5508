"""A change of a team's database: read under its locks, kept here while the body runs, and sent at its end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, TypeVar, cast

from onloop.errors import StoreError
from onloop.machine.state import State
from onloop.machine.stopping import stops
from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, row_link
from onloop.store.codec import to_text
from onloop.store.port import EventEntry, EventRow, StandingCount, TaskFilter, run_of
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.pending_changes import TURN, PendingChanges, Place, Sealed, head_statement, run_of_row
from onloop.store.postgres.postgres_reading import (
    LOG_HEAD,
    NUMBER,
    UNNUMBERED_TOO,
    PostgresReading,
    log_head_in,
    sealed_row,
)
from onloop.store.postgres.row_tables import OF_TASKS, ROW_TABLES
from onloop.store.postgres.run_locks import (
    NAME_LOCK,
    NAME_LOCK_IF_FREE,
    RUN_LOCK,
    RUN_LOCK_IF_FREE,
    LockedRun,
    LockFirst,
    LockPlan,
)
from onloop.store.postgres.run_memory import Memories, RunMemory, Whole
from onloop.store.postgres.statement_bundle import Rows
from onloop.store.postgres.table_tallies import ANY_SLOT, FREE_SLOT, SLOT_PUT, Tallies, counted, tally_from, tally_text
from onloop.store.rows import Head, IdempotencyRecord, Lease, PinnedWorkflow, StoreRow, TimerRow, key_of
from onloop.store.seal import seal_of
from onloop.store.trusted_rows import check_seal

R = TypeVar("R", bound=StoreRow)

SLOTS = 16
MOST_NUMBERED = 200
"""How many stretches of the log a writer numbers beside its own."""

_OLDEST = "SELECT min(at) FROM remembered"
_FORGOTTEN = "SELECT key, at FROM remembered WHERE at < %s ORDER BY at, key LIMIT %s FOR UPDATE SKIP LOCKED"
_VERSION = "SELECT coalesce(max(version), 0) FROM event WHERE task = %s"


class PostgresTransaction(PostgresReading):
    """See Transaction: its `log` has what is not numbered yet, too, at the end.

    What has to be locked before it is read, and was not, ends it with LockFirst.
    """

    log_source = UNNUMBERED_TOO

    def __init__(self, link: DatabaseLink, plan: LockPlan, memories: Memories, *, is_careful: bool = False) -> None:
        super().__init__(link)
        self.plan, self.memories = plan, memories
        self.locked = dict[str, LockedRun]()
        self.appended = list[str]()
        self.house_count = -1
        self.receipt: Head | None = None
        self._is_careful = is_careful
        self._changes = PendingChanges()
        self._whole = set[Whole]()
        self._versions = dict[str, int]()
        self._seen = set[str]()
        self._tallies: Tallies = {}
        self._turned = set[str]()

    # Locks

    def lock_run(self, run: str, *, wait: bool = True) -> bool:
        """See Transaction."""
        if run in self.locked:
            return True
        name = (run,)
        rows = self._link.rows(RUN_LOCK if wait else RUN_LOCK_IF_FREE, name)
        if not rows:
            if not wait and self._link.rows("SELECT 1 FROM head WHERE run = %s", name):
                return False
            if not self._link.rows(NAME_LOCK if wait else NAME_LOCK_IF_FREE, name)[0][0]:
                return False
            self._changes.forget(lambda place, found: run_of_row(place, found) not in self.locked)
        self.now_locked(run, rows)
        return True

    def now_locked(self, run: str, rows: Rows) -> None:
        """A run is locked, and this is its row; what was read of it before may be old."""
        found = LockedRun(Head(run, 0, GENESIS), is_new=True)
        for count, end, seal, turn, tally in rows:
            check_seal("head", (run, count, end), seal)
            found = LockedRun(Head(run, count, end), turn, tally)
        self.locked[run] = found
        self._forget(run)
        known = self.memories.of(run, found.turn)
        if known is not None and not found.is_new:
            self._changes.recall(known.rows, known.tasks)
            self._whole |= known.whole

    def _forget(self, run: str) -> None:
        """What was read of a run before it was locked is to be read again."""
        self._seen.discard(run)
        changes = self._changes
        for task_id, task in list(changes.tasks.items()):
            if task.run == run and task_id not in changes.unsent_tasks:
                del changes.tasks[task_id]
        changes.forget(lambda place, found: run_of_row(place, found) == run)
        self._whole = {(kind, task) for kind, task in self._whole if run_of(task) != run}

    def _own(self, run: str) -> LockedRun:
        """The run, locked; LockFirst where something of it was read before that."""
        if run not in self.locked:
            if run in self._seen and not self.plan.is_alone:
                raise LockFirst(self.plan.with_run(run))
            self.lock_run(run)
        return self.locked[run]

    def _is_ours(self, place: Place) -> bool:
        """Whether nobody else can change the row now."""
        return self.plan.is_alone or run_of_row(place, self._changes.rows[place]) in self.locked

    # What is read

    def run(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Every row that a statement gives, which sees what this transaction changed."""
        if self._changes.is_empty:
            return self._link.rows(query, values)
        return self._link.together([*self._changes.drain(self._is_ours), (query, values)])[-1]

    def task(self, task_id: str) -> Task | None:
        """See Reading."""
        known = self._changes.tasks.get(task_id)
        if known is None and not self._is_fresh(task_id):
            known = super().task(task_id)
            self._note((known,) if known is not None else ())
        return known

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading."""
        found = super().tasks(wanted)
        self._note(found)
        return found

    def _note(self, found: Sequence[Task]) -> None:
        for task in found:
            self._changes.tasks[task.id] = task
            if task.run not in self.locked:
                self._seen.add(task.run)

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading."""
        if run_of(parent) not in self.locked:
            self._seen.add(run_of(parent))
        return super().child_states(parent)

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        """See Reading."""
        if run_of(fleet) not in self.locked:
            self._seen.add(run_of(fleet))
        return super().standings(fleet, wave)

    def house(self) -> StoreState:
        """See Reading."""
        if self._changes.house is None:
            memories = self.memories
            if memories.house is None or self.house_count < 0 or memories.house_count != self.house_count:
                memories.house, memories.house_count = super().house(), self.house_count
            self._changes.house = memories.house
            if HOUSE not in self.locked:
                self._seen.add(HOUSE)
        return self._changes.house

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading."""
        found = self._row(kind, key)
        return None if found is None else cast("R", found[0])

    def _row(self, kind: type[StoreRow], key: str, task: str = "") -> Sealed | None:
        """The row under a key, which is one of that task, if there is any."""
        if (kind, key) not in self._changes.rows:
            if self._is_whole(kind, key if ROW_TABLES[kind].key == "task" else task):
                return None
            self._changes.read(kind, key, self._looked_up(kind, key))
        return self._changes.rows[kind, key]

    def _is_whole(self, kind: type[StoreRow], task: str) -> bool:
        """Whether all rows of a kind are known that belong to a task: those of a new run are its own."""
        return (kind, task) in self._whole or (bool(task) and self._is_fresh(task))

    def _is_fresh(self, task: str) -> bool:
        owned = self.locked.get(run_of(task))
        return owned is not None and owned.is_new

    def _looked_up(self, kind: type[StoreRow], key: str) -> Sealed | None:
        known = self.memories.workflows.get(key) if kind is PinnedWorkflow else None
        if known is None:
            known = next(iter(self.sealed(kind, {ROW_TABLES[kind].key: key})), None)
            if kind is PinnedWorkflow and known is not None:
                self.memories.keep_workflow(key, known)
        return known

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading."""
        task = equal.get("task")
        whole = (kind, task) if list(equal) == ["task"] and isinstance(task, str) else None
        if whole is None or not self._is_whole(*whole):
            for row, seal in self.sealed(kind, equal):
                self._changes.read(kind, key_of(row), (row, seal))
            if whole is not None:
                self._whole.add(whole)
        own = sorted((key, row) for key, row in self._changes.own(kind) if row is not None and _fits(row, equal))
        return [row for _, row in own]

    def pick(self, kind: type[R], **equal: str | int | None) -> R | None:
        """See Transaction: the row is locked."""
        clause, values = self.where(equal)
        for found in self.run(f"{ROW_TABLES[kind].select}{clause} ORDER BY 1 LIMIT 1 FOR UPDATE SKIP LOCKED", values):
            row, seal = sealed_row(kind, found)
            self._changes.read_again(kind, key_of(row), (row, seal))
            return row
        return None

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """See Reading."""
        if task is None:
            return super().due(now)
        lease = self.get(Lease, task)
        is_due = lease is not None and lease.expires <= now
        return [task] if is_due or any(row.at <= now for row in self.select(TimerRow, task=task)) else []

    def blob(self, digest: str) -> bytes | None:
        """See Reading."""
        own = self._changes.blobs.get(digest)
        return own if own is not None else super().blob(digest)

    # What is changed

    def append(self, entries: Sequence[EventEntry]) -> None:
        """See Transaction."""
        for entry in entries:
            if entry.run == HOUSE and not self.plan.is_alone and stops(type(entry.event)):
                raise LockFirst(LockPlan(self.plan.runs | {HOUSE}, is_alone=True))
            owned = self._own(entry.run)
            head, version = owned.head, self._version(entry, owned.head)
            name, data = type(entry.event).__name__, to_text(entry.event)
            columns = (entry.run, head.count + 1, entry.task, version, name, data, entry.at, entry.principal, entry.key)
            row: EventRow = (0, *columns, "")
            end = row_link(head.hash, row)
            self._changes.events.append((*row[:-1], end))
            owned.head, owned.is_changed = Head(entry.run, head.count + 1, end), True
            self._versions[entry.task] = version
            if entry.run not in self.appended:
                self.appended.append(entry.run)

    def _version(self, entry: EventEntry, head: Head) -> int:
        known = self._versions.get(entry.task)
        if known is not None:
            return known + 1
        if head.count == 0:
            return 1
        if entry.run == entry.task == HOUSE:
            return head.count + 1
        task = self._changes.tasks.get(entry.task)
        if task is not None and not self._is_careful:
            return task.version + 1
        return 1 + int(self._link.rows(_VERSION, (entry.task,))[0][0])

    def put_task(self, task: Task) -> None:
        """See Transaction."""
        if self.plan.is_alone and task.run not in self.locked:
            self._turned.add(task.run)
        else:
            self._own(task.run).is_changed = True
        self._changes.tasks[task.id] = task
        self._changes.unsent_tasks[task.id] = None

    def put_house(self, house: StoreState) -> None:
        """See Transaction."""
        self._own(HOUSE)
        self._changes.house, self._changes.is_house_unsent = house, True

    def put(self, row: StoreRow) -> None:
        """See Transaction."""
        place, table = (type(row), key_of(row)), ROW_TABLES[type(row)]
        there = self._row(*place, getattr(row, "task", ""))
        if there is None or there[0] != row:
            self._change(place, (row, seal_of(table.name, table.values_of(row))))

    def delete(self, kind: type[StoreRow], key: str) -> None:
        """See Transaction."""
        if self._row(kind, key) is not None:
            self._change((kind, key), None)

    def _change(self, place: Place, now: Sealed | None) -> None:
        self._changes.read(*place, None)  # where only the rows of its task are known
        gone = self._changes.rows[place]
        counted(self._tallies, ROW_TABLES[place[0]].name, gone and gone[1], now and now[1])
        self._changes.put(place, now)
        run = run_of_row(place, now or gone)
        if run in self.locked:
            self.locked[run].is_changed = True
        elif run is not None:
            self._turned.add(run)

    def forget(self, before: int, limit: int) -> None:
        """See Transaction. What another writer is about to forget is left to it."""
        if before <= self.memories.oldest_answer:
            return
        rows = self.look(_FORGOTTEN, (before, limit))
        for key, at in rows:
            self.delete(IdempotencyRecord, key)
            self.memories.oldest_answer = max(self.memories.oldest_answer, at)
        if not rows:
            ((oldest,),) = self.look(_OLDEST)
            self.memories.oldest_answer = before if oldest is None else oldest

    def put_blob(self, content: bytes) -> str:
        """See Transaction."""
        digest = sha256(content).hexdigest()
        if digest not in self._changes.blobs and not self.look("SELECT 1 FROM blob WHERE digest = %s", (digest,)):
            self._changes.blobs[digest] = content
            counted(self._tallies, "blob", None, digest)
        return digest

    # The end

    def finish(self) -> bool:
        """Send what is left, and commit; False if there was nothing, and nothing is to be committed.

        What was appended gets its numbers in the same commit, unless another writer gives some out just then.
        """
        changes = self._changes
        if changes.is_empty and not changes.is_any_sent:
            return False
        statements = list(changes.drain(self._is_ours))
        self._place_tallies()
        written = (owned for owned in self.locked.values() if owned.is_written)
        statements += [head_statement(owned.head, owned.tally, is_new=owned.is_new) for owned in written]
        if self._tallies:
            slot, sums = self._slot()
            statements.append((SLOT_PUT, (self._with_tallies(sums), slot)))
        statements += [(TURN, (run,)) for run in sorted(self._turned)]
        if not self.appended:
            self._link.together([*statements, ("COMMIT", ())])
            return True
        numbering = [(NUMBER, (MOST_NUMBERED, False)), (LOG_HEAD, ())]
        *_, ((numbered,),), heads, _ = self._link.together([*statements, *numbering, ("COMMIT", ())])
        is_numbered = 0 < numbered < MOST_NUMBERED
        self.receipt = log_head_in(heads) if is_numbered else self.locked[self.appended[-1]].head
        return True

    def keep(self) -> None:
        """Remember what is known of the locked runs, now that all of it is committed."""
        changes, memories = self._changes, self.memories
        kept = {run: RunMemory(owned.turn + owned.is_changed) for run, owned in self.locked.items() if owned.head.count}
        spare = RunMemory(0)
        for task in changes.tasks.values():
            kept.get(task.run, spare).tasks[task.id] = task
        for place, found in changes.rows.items():
            kept.get(run_of_row(place, found) or "", spare).rows[place] = found
        fresh = {(kind, task.id) for task in changes.tasks.values() if self._is_fresh(task.id) for kind in OF_TASKS}
        for kind, task_id in self._whole | fresh:
            kept.get(run_of(task_id), spare).whole.add((kind, task_id))
        for run, memory in kept.items():
            memories.keep(run, memory)
        memories.forget(self._turned)
        if HOUSE in self.locked and changes.house is not None:
            memories.house, memories.house_count = changes.house, self.locked[HOUSE].head.count

    def _place_tallies(self) -> None:
        """Add what changed to the part of a run that is written anyway, where there is one."""
        for owned in self.locked.values():
            if self._tallies and owned.is_written:
                owned.tally, self._tallies = self._with_tallies(owned.tally), {}

    def _with_tallies(self, part: str) -> str:
        whole = tally_from(part)
        for name, (count, total) in self._tallies.items():
            before, sum_before = whole.get(name, (0, GENESIS))
            whole[name] = before + count, f"{(int(sum_before, 16) + int(total, 16)) % (1 << 256):064x}"
        return tally_text(whole)

    def _slot(self) -> tuple[int, str]:
        rows = self._link.rows(FREE_SLOT) or self._link.rows(ANY_SLOT, (random.randint(1, SLOTS),))  # noqa: S311
        if not rows:
            raise StoreError("the tallies have no rows", hint="onloop store verify; restore a backup")
        return int(rows[0][0]), str(rows[0][1])


def _fits(row: StoreRow, equal: dict[str, str | int | None]) -> bool:
    return all(getattr(row, column) == value for column, value in equal.items())
