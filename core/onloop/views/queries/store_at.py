"""The store as it stood at a place in its log, or at a time: for whoever looks back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from onloop.machine.definition import Definition
from onloop.machine.limits import Digest, Items, Millis
from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading, Recorded, Seq, StorePast, TaskFilter
from onloop.store.rows import Archived
from onloop.times import moment_of
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.query import Query


class StoreAt(Record):
    """The tasks as they stood, their workflows that were not known, and the state of the store.

    `seq` is the newest event by then, which happened `at` (ms); both are 0 before the first. `gone` are tasks that
    there are now and were not then. Leases, output and runs that are `archived` are not in the log: they are unknown.
    With `beside`, what is said to differ does so from the store after that event, and not from the store as it is now.
    """

    tasks: tuple[Task, ...]
    gone: tuple[str, ...]
    definitions: Mapping[str, Definition]
    state: StoreState
    seq: int
    at: int
    archived: int
    beside: int | None = None


NEAR = 1_000
"""Of moments that are at most so many events apart, one is told by what differs from the other."""
MOMENTS = "#12345 (an event), 14:05, 2026-01-31 or 2026-01-31 14:05"
"""What `asked_moment` reads, for hints."""
_EVENT = re.compile(r"#?(\d{1,18})")
_DAY_MS = 24 * 60 * 60 * 1000


def asked_moment(words: str, now: int) -> ReadStoreAt | None:
    """The question about the moment that a person means at `now` (ms): an event by its number, or a time that has been.

    A time of day is the last such. None where it is neither, or is still to come.
    """
    if found := _EVENT.fullmatch(words.strip()):
        return ReadStoreAt(seq=int(found[1]))
    moment = moment_of(words, now)
    if moment is not None and moment > now and ":" in words and "-" not in words:
        moment = moment_of(words, now - _DAY_MS)
    return ReadStoreAt(time=moment) if moment is not None and 0 <= moment <= now else None


class ReadStoreAt(Query[StoreAt], frozen=True):
    """The store after the event `seq`, or after the last at or before `time` (ms); without either, as it is now.

    With `differing`, tasks that stand as they do now are left out; with `held`, too, those that stand as they did after
    that event, if the moment is near it. `known` are digests of workflows.
    """

    name: ClassVar[str] = "store_at"
    seq: Seq | None = None
    time: Millis | None = None
    differing: bool = False
    known: Annotated[tuple[Digest, ...], Items(10_000)] = ()
    held: Seq | None = None

    def carry_out(self, reading: Reading) -> StoreAt:
        """See Query."""
        last = _place(reading, self.seq, self.time)
        seq, at = (last.seq, last.at) if last is not None else (0, 0)
        beside = self.held if self.differing and self.held is not None and abs(self.held - seq) <= NEAR else None
        past = reading.past(seq) if beside is None else _beside(reading, seq, beside)
        tasks = past.tasks if self.differing else tuple(_all_at(reading, past))
        unknown = {task.definition for task in tasks} - set(self.known)
        definitions = {digest: pinned_definition(reading, digest) for digest in sorted(unknown)}
        return StoreAt(tasks, past.gone, definitions, past.house, seq, at, len(reading.select(Archived)), beside)


def _beside(reading: Reading, seq: int, held: int) -> StorePast:
    """What stood otherwise after the event `seq` than after the event `held`: what happened between says of whom."""
    between = reading.log(after=min(seq, held), before=max(seq, held) + 1, limit=NEAR)
    names = tuple(dict.fromkeys(event.task for event in between if event.task != HOUSE))
    past = reading.past(seq, names)
    then = {task.id: task for task in past.tasks}
    gone = frozenset(past.gone)
    found = (then.get(name) or reading.task(name) for name in names if name not in gone)
    return StorePast(tuple(task for task in found if task is not None), past.gone, past.house)


def _all_at(reading: Reading, past: StorePast) -> Iterator[Task]:
    otherwise = {task.id: task for task in past.tasks}
    gone = frozenset(past.gone)
    for task in reading.tasks(TaskFilter()):
        if task.id not in gone:
            yield otherwise.get(task.id, task)


def _place(reading: Reading, seq: int | None, time: int | None) -> Recorded | None:
    """The newest event up to a sequence, or before the first that is later than a time; None before the first."""
    if seq is None and time is not None:
        seq = _last_until(reading, time)
    before = None if seq is None else seq + 1
    return next(iter(reading.log(before=before, limit=1, newest=True)), None)


def _last_until(reading: Reading, time: int) -> int:
    """A sequence after which events are later than `time` (ms), found by halving: the log is in the order of time."""
    low, high = 0, reading.last_seq()
    while low < high:
        middle = (low + high + 1) // 2
        found = next(iter(reading.log(after=middle - 1, limit=1)), None)
        if found is not None and found.seq <= high and found.at <= time:
            low = found.seq
        else:
            high = middle - 1
    return low
