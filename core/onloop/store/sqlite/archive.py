"""Retention: finished runs move to a file that verifies by itself; the ends of their chains stay in the store."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onloop.machine.digest import Json
from onloop.machine.evolve import evolve
from onloop.machine.store_state import HOUSE, StoreEvent
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.chain import base_of, log_link
from onloop.store.codec import event_from_text
from onloop.store.interchange import Content, check_chains, events_of, lines_of
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.store.rows import (
    LOG,
    Archived,
    BriefRow,
    CachedAnswer,
    FleetMember,
    Head,
    IdempotencyRecord,
    Job,
    Lease,
    LinkRow,
    SubAgent,
    TimerRow,
    Token,
    WorkSlot,
    idempotency_key,
    key_of,
)
from onloop.store.sqlite.tables import Tables

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Retired(Record):
    """Runs to be archived: their events, and the bytes that only they name."""

    runs: tuple[str, ...]
    events: tuple[Recorded, ...]
    blobs: tuple[str, ...]
    log: Head

    def lines(self, reading: Reading) -> list[bytes]:
        """The file that keeps them."""
        about: dict[str, Json] = {"what": "runs", "runs": list(self.runs), "seq": self.log.count, "hash": self.log.hash}
        contents = (reading.blob(digest) for digest in self.blobs)
        return list(lines_of(about, self.events, (), (content for content in contents if content is not None)))


def finished_before(reading: Reading, before: int) -> Retired:
    """The runs in which every task ended before that time (ms), with everything to keep of them."""
    newest: dict[str, int] = {}
    open_runs: set[str] = set()
    for task in reading.tasks(TaskFilter()):
        newest[task.run] = max(newest.get(task.run, 0), task.updated_at)
        if not task.ended:
            open_runs.add(task.run)
    runs = sorted(run for run, at in newest.items() if at < before and run not in open_runs)
    gone = set(runs)
    events, named, kept = list[Recorded](), set[str](), set[str]()
    for event in events_of(reading):
        (named if event.run in gone else kept).update(_DIGEST.findall(event.data))
        if event.run in gone:
            events.append(event)
    blobs = sorted(digest for digest in named - kept if reading.blob(digest) is not None)
    log = reading.get(Head, LOG) or Head(LOG, 0, base_of(()))
    return Retired(tuple(runs), tuple(events), tuple(blobs), log)


def remove(tables: Tables, retired: Retired, now: int) -> None:
    """Take runs out of the tables, keep the ends of their chains, and chain the rest of the log anew behind them."""
    first: dict[str, int] = {}
    for event in retired.events:
        first.setdefault(event.run, event.seq)
    for run in retired.runs:
        head = tables.get(Head, run)
        if head is None:
            continue
        tables.put(Archived(run, head.count, head.hash, first[run], now, retired.log.count, retired.log.hash))
        _remove_run(tables, run)
    for digest in retired.blobs:
        tables.delete_blob(digest)
    end = base_of(tables.select(Archived))
    for event in events_of(tables):
        end = log_link(end, event.seq, event.hash)
    tables.put(Head(LOG, retired.log.count, end))


def _remove_run(tables: Tables, run: str) -> None:
    for task in tables.tasks(TaskFilter(run=run)):
        for kind in (Lease, CachedAnswer, BriefRow, FleetMember):
            tables.delete(kind, task.id)
        for many in (SubAgent, Token, Job, TimerRow, LinkRow):
            for row in tables.select(many, task=task.id):
                tables.delete(many, key_of(row))
    for slot in [slot for slot in tables.select(WorkSlot) if slot.scope.startswith(f"{run}/")]:
        tables.delete(WorkSlot, slot.id)
    keys = ((event.principal, event.key) for event in events_of(tables, run) if event.key)
    for principal, key in list(keys):
        tables.delete(IdempotencyRecord, idempotency_key(principal, key))
    tables.run("DELETE FROM event WHERE run=?", (run,))
    tables.run("DELETE FROM task WHERE run=?", (run,))
    tables.delete(Head, run)


def read_back(content: Content, name: str) -> Sequence[Task]:
    """The tasks of an archive, folded from its events; StoreError where a chain is broken."""
    check_chains(content.events, name)
    tasks: dict[str, Task] = {}
    for event in content.events:
        fact = event_from_text(event.name, event.data)
        if event.run != HOUSE and not isinstance(fact, StoreEvent):
            tasks[event.task] = evolve(tasks.get(event.task), fact, id=event.task, at=event.at)
    return list(tasks.values())
