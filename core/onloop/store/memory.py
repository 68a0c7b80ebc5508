"""A store in memory: the same promises without a file, for tests and experiments."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import TypeVar, cast

from onloop.attention.idle import silence
from onloop.machine.state import Reason, State
from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.records import Record, field, replace
from onloop.store.chain import GENESIS, columns_of, sealed
from onloop.store.past_fold import past_of
from onloop.store.port import AnswerT, EventEntry, EventRow, Recorded, StandingCount, StorePast, TaskFilter, Transaction
from onloop.store.rows import LOG, FleetMember, Head, IdempotencyRecord, Lease, StoreRow, TimerRow, key_of

R = TypeVar("R", bound=StoreRow)


class _Contents(Record):
    events: tuple[Recorded, ...] = ()
    tasks: dict[str, Task] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    versions: dict[str | None, int] = field(default_factory=dict)
    rows: dict[type[StoreRow], dict[str, StoreRow]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    house: StoreState = field(default_factory=StoreState)


class MemoryStore:
    """See Store."""

    def __init__(self) -> None:
        self._contents = _Contents()
        self._turn = threading.Lock()
        self._stamp = 0
        self.receipt: Head | None = None

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """See Store.reading."""
        yield _View(self._contents)

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:  # noqa: ARG002 - one lock
        """See Store.transact. The change is made on a copy, which replaces the original at the end."""
        with self._turn:
            view = _View(_copied(self._contents))
            found = body(view)
            self._contents = view.contents
            self.receipt = view.get(Head, LOG)
            self._stamp += 1
            return found

    def stamp(self) -> int:
        """See Store.stamp."""
        return self._stamp

    def close(self) -> None:
        """See Store.close."""


def _copied(now: _Contents) -> _Contents:
    return replace(
        now,
        tasks={**now.tasks},
        seqs={**now.seqs},
        versions={**now.versions},
        rows={kind: {**rows} for kind, rows in now.rows.items()},
        blobs={**now.blobs},
    )


class _View:
    """See Transaction."""

    def __init__(self, contents: _Contents) -> None:
        self.contents = contents

    def task(self, task_id: str) -> Task | None:
        return self.contents.tasks.get(task_id)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        return [
            task
            for task in self.contents.tasks.values()
            if (wanted.run is None or task.run == wanted.run)
            and (wanted.parent is None or task.parent == wanted.parent)
            and (wanted.states is None or task.state in wanted.states)
            and (wanted.changed_after is None or self.contents.seqs[task.id] > wanted.changed_after)
            and not (wanted.delayed and task.not_before == 0)
        ]

    def task_count(self) -> int:
        return len(self.contents.tasks)

    def child_states(self, parent: str) -> Sequence[State]:
        children = [task for task in self.contents.tasks.values() if task.parent == parent]
        return [task.state for task in children if task.reason is not Reason.EXCLUDED]

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        waiting = (t for t in self.contents.tasks.values() if t.wanted in roles and t.not_before <= now)
        in_order = sorted(waiting, key=lambda task: -getattr(self.get(FleetMember, task.id), "priority", 0))
        return [(t.id, t.parent or t.run) for t in islice(in_order, limit)]

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:
        found = (t for t in self.contents.tasks.values() if t.not_before <= now and run in {None, t.run})
        return sorted(Counter(t.wanted for t in found if t.wanted is not None).items())

    def held(self, run: str) -> int:
        return sum(t.run == run and t.holder is not None for t in self.contents.tasks.values())

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        found = Counter((row.standing, row.retries > 0) for row in self.select(FleetMember, fleet=fleet, wave=wave))
        return [StandingCount(standing, retried, count) for (standing, retried), count in sorted(found.items())]

    def house(self) -> StoreState:
        return self.contents.house

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
        until = len(self.contents.events) if before is None else max(0, before - 1)
        events = self.contents.events[after:until]
        found = (
            event
            for event in (reversed(events) if newest else events)
            if (run is None or event.run == run) and (task is None or event.task == task)
            if not names or event.name in names
        )
        taken = [event for event, _ in zip(found, range(limit), strict=False)]
        return taken[::-1] if newest else taken

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        firsts = {event.task: event.seq for event in reversed(self.contents.events)}
        since = {event.task for event in self.contents.events[seq:] if tasks is None or event.task in tasks}
        changed = [(t, firsts[t] <= seq) for t in sorted(since - {HOUSE}, key=lambda name: firsts[name])]

        def events_of(names: Sequence[str]) -> Sequence[EventRow]:
            return [columns_of(event) for event in self.contents.events[:seq] if event.task in names]

        return past_of(changed, events_of)

    def last_seq(self) -> int:
        return len(self.contents.events)

    def get(self, kind: type[R], key: str) -> R | None:
        return cast("R | None", self.contents.rows.get(kind, {}).get(key))

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        rows = self.contents.rows.get(kind, {})
        return [cast("R", rows[key]) for key in sorted(key for key, row in rows.items() if _fits(row, equal))]

    def pick(self, kind: type[R], **equal: str | int | None) -> R | None:
        """See Transaction.pick; there is one writer at a time."""
        return next(iter(self.select(kind, **equal)), None)

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        return [lease for lease in self.select(Lease) if silence(lease, now, stall_ms) is not None]

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        times = [(due.at, due.task) for due in self.select(TimerRow)]
        times += [(lease.expires, lease.task) for lease in self.select(Lease)]
        fitting = sorted(pair for pair in times if pair[0] <= now and task in (None, pair[1]))
        return list(dict.fromkeys(task_id for _, task_id in fitting))

    def blob(self, digest: str) -> bytes | None:
        return self.contents.blobs.get(digest)

    def lock_run(self, run: str, *, wait: bool = True) -> bool:  # noqa: ARG002 - nobody else writes
        return True

    def append(self, entries: Sequence[EventEntry]) -> None:
        events = list(self.contents.events)
        log = self.get(Head, LOG) or Head(LOG, 0, GENESIS)
        for entry in entries:
            head = self.get(Head, entry.run) or Head(entry.run, 0, GENESIS)
            version = self.contents.versions.get(entry.task, 0) + 1
            self.contents.versions[entry.task] = version
            event, head, log = sealed(entry, head, log, version)
            events.append(event)
            self.put(head)
        self.put(log)
        self.contents = replace(self.contents, events=tuple(events))

    def put_task(self, task: Task) -> None:
        self.contents.tasks[task.id] = task
        self.contents.seqs[task.id] = self.last_seq()

    def put_house(self, house: StoreState) -> None:
        self.contents = replace(self.contents, house=house)

    def put(self, row: StoreRow) -> None:
        self.contents.rows.setdefault(type(row), {})[key_of(row)] = row

    def delete(self, kind: type[StoreRow], key: str) -> None:
        self.contents.rows.get(kind, {}).pop(key, None)

    def forget(self, before: int, limit: int) -> None:
        oldest = sorted((row.at, row.key) for row in self.select(IdempotencyRecord) if row.at < before)
        for _, key in oldest[:limit]:
            self.delete(IdempotencyRecord, key)

    def put_blob(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self.contents.blobs[digest] = content
        return digest


def _fits(row: StoreRow, equal: dict[str, str | int | None]) -> bool:
    return all(getattr(row, column) == value for column, value in equal.items())
