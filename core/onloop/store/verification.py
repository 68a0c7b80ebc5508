"""Fold the whole log again, follow every chain, and compare what every store shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from onloop.errors import StoreError
from onloop.machine.evolve import evolve
from onloop.machine.house import HOUSE, House, HouseEvent, evolve_house
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, base_of, link, log_link
from onloop.store.codec import event_from_text, to_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.store.rows import LOG, Archived, Head

BATCH = 5000
_BEGINNING = (0, GENESIS)


@dataclass(slots=True)
class Fold:
    """What a log gives: tasks with the sequences of their first and last events, the house, every chain's end."""

    tasks: dict[str, Task] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    house: House = field(default_factory=House)
    heads: dict[str, Head] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    events: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was compared, and each difference in words; the first one names the first row that differs."""

    events: int
    tasks: int
    runs: int
    problems: tuple[str, ...]


def verify(reading: Reading) -> Verified:
    """Compare every task, the house and every chain's head with the fold of the log."""
    fold, problems = fold_log(reading)
    problems += _compare(reading, fold)
    return verified(fold, problems)


def verified(fold: Fold, problems: list[str]) -> Verified:
    """The answer of a verification."""
    return Verified(fold.events, len(fold.tasks), len(fold.heads.keys() - {LOG}), tuple(problems))


def fold_log(reading: Reading) -> tuple[Fold, list[str]]:
    """The fold of the whole log, and what is wrong with the log itself."""
    archived = reading.select(Archived)
    missing = sum(gone.count for gone in archived)
    fold, problems = Fold(), list[str]()
    ends = {LOG: (0, base_of(archived))} if archived else {}
    for event in _events(reading):
        _absorb(fold, ends, event, missing, problems)
    fold.heads = {run: Head(run, count, end) for run, (count, end) in ends.items()}
    last = fold.events + missing
    if fold.events or archived:
        log = fold.heads[LOG]
        if archived and log.count < last:  # the newest events are among those that were archived
            fold.heads[LOG] = log = Head(LOG, last, log.hash)
        if log.count != last:
            problems.append(
                f"the log has {fold.events} events, and {missing} archived ones, up to sequence {log.count}"
            )
    return fold, problems


def _events(reading: Reading) -> Iterator[Recorded]:
    after = 0
    while batch := reading.log(after=after, limit=BATCH):
        yield from batch
        after = batch[-1].seq


def _absorb(fold: Fold, ends: dict[str, tuple[int, str]], event: Recorded, missing: int, problems: list[str]) -> None:
    """Add an event to the fold; `ends` are the chains' ends before it, and become those after it."""
    count, log = ends.get(LOG, _BEGINNING)
    if event.seq > fold.events + 1 + missing or (not missing and event.seq != count + 1):
        problems.append(f"{_where(event)}: seq: expected {count + 1}")
    count, end = ends.get(event.run, _BEGINNING)
    if event.run_seq != count + 1:
        problems.append(f"{_where(event)}: run_seq: {event.run_seq}, expected {count + 1}")
    problems += _unlinked(end, event)
    first, version = fold.spans.get(event.task, (event.seq, 0))[0], fold.versions.get(event.task, 0) + 1
    if event.version != version:
        problems.append(f"{_where(event)}: version: {event.version}, expected {version}")
    fold.events += 1
    ends[event.run] = event.run_seq, event.hash
    ends[LOG] = event.seq, log_link(log, event.seq, event.hash)
    fold.versions[event.task] = version
    fold.spans[event.task] = first, event.seq
    _fold(fold, event, problems)


def _unlinked(end: str, event: Recorded) -> tuple[str, ...]:
    try:
        expected = link(end, event)
    except ValueError as problem:
        expected = str(problem)
    if expected == event.hash:
        return ()
    words = f"its hash does not follow from the event before it: {event.hash:.12}, expected {expected:.12}"
    return (f"{_where(event)}: {words}",)


def _where(event: Recorded) -> str:
    return f"event {event.seq} ({event.task}, {event.name})"


def _fold(fold: Fold, event: Recorded, problems: list[str]) -> None:
    try:
        fact = event_from_text(event.name, event.data)
        if isinstance(fact, HouseEvent):
            if event.run != HOUSE:
                problems.append(f"{_where(event)}: run: {event.run}, expected {HOUSE}")
            fold.house = evolve_house(fold.house, fact)
        else:
            fold.tasks[event.task] = evolve(fold.tasks.get(event.task), fact, id=event.task, at=event.at)
    except (StoreError, ValueError) as problem:
        problems.append(f"{_where(event)}: data: {problem}")


def _compare(reading: Reading, fold: Fold) -> Iterator[str]:
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
            yield f"{f'run {run}' if run else 'the log'}: its chain ends elsewhere than its head says"
