"""`store verify`: fold the whole log again and compare, and check every run's chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from onloop.errors import StoreError
from onloop.machine.evolve import evolve
from onloop.machine.house import HOUSE, House, HouseEvent, evolve_house
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, link
from onloop.store.codec import event_from_text, to_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.store.rows import Head

BATCH = 5000


@dataclass(slots=True)
class _Fold:
    tasks: dict[str, Task] = field(default_factory=dict)
    house: House = field(default_factory=House)
    heads: dict[str, Head] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was compared, and each difference in words; the first one names the first row that differs."""

    events: int
    tasks: int
    runs: int
    problems: tuple[str, ...]


def verify(reading: Reading) -> Verified:
    """Compare every state row with the fold of the log, and every run with its chain."""
    fold, problems, count = _Fold(), list[str](), 0
    for event in _events(reading):
        count += 1
        if event.seq != count:
            problems.append(f"event {count}: the log goes on with seq {event.seq}")
            count = event.seq
        problems += _absorb(fold, event)
    problems += _compare(reading, fold)
    return Verified(count, len(fold.tasks), len(fold.heads), tuple(problems))


def _events(reading: Reading) -> Iterator[Recorded]:
    after = 0
    while batch := reading.log(after=after, limit=BATCH):
        yield from batch
        after = batch[-1].seq


def _absorb(fold: _Fold, event: Recorded) -> Iterator[str]:
    where = f"event {event.seq} ({event.task}, {event.name})"
    head = fold.heads.get(event.run, Head(event.run, 0, GENESIS))
    if event.run_seq != head.count + 1:
        yield f"{where}: run {event.run} goes on with {event.run_seq} after {head.count}"
    if link(head.hash, event) != event.hash:
        yield f"{where}: its hash does not follow from the event before it"
    fold.heads[event.run] = Head(event.run, event.run_seq, event.hash)
    fold.versions[event.task] += 1
    if event.version != fold.versions[event.task]:
        yield f"{where}: version {event.version} of {event.task}, expected {fold.versions[event.task]}"
    yield from _fold(fold, event, where)


def _fold(fold: _Fold, event: Recorded, where: str) -> Iterator[str]:
    try:
        fact = event_from_text(event.name, event.data)
        if isinstance(fact, HouseEvent):
            if event.run != HOUSE:
                yield f"{where}: an event of the house in run {event.run}"
            fold.house = evolve_house(fold.house, fact)
        else:
            fold.tasks[event.task] = evolve(fold.tasks.get(event.task), fact, id=event.task, at=event.at)
    except (StoreError, ValueError) as problem:
        yield f"{where}: {problem}"


def _compare(reading: Reading, fold: _Fold) -> Iterator[str]:
    stored = {task.id: task for task in reading.tasks(TaskFilter())}
    for task_id, task in fold.tasks.items():
        if task_id not in stored:
            yield f"task {task_id}: the log knows it, and no row does"
        elif to_text(stored[task_id]) != to_text(task):
            yield f"task {task_id}: its row differs from the fold of its {task.version} events"
    for task_id in stored.keys() - fold.tasks.keys():
        yield f"task {task_id}: a row that no event explains"
    if to_text(reading.house()) != to_text(fold.house):
        yield "house: its row differs from the fold of its events"
    heads = {head.run: head for head in reading.select(Head)}
    for run in sorted(heads.keys() | fold.heads.keys()):
        if heads.get(run) != fold.heads.get(run):
            yield f"run {run}: its chain ends elsewhere than its head says"
