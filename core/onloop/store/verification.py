"""Fold the whole log again, follow every chain, and compare the result with the stored state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import MutableRecord, Record, field
from onloop.store.chain import columns_of
from onloop.store.codec import to_text
from onloop.store.folding import LogFold, RunFold
from onloop.store.port import EventRow, Reading, TaskFilter
from onloop.store.rows import LOG, Archived, Head

BATCH = 5000


class Fold(MutableRecord):
    """What a log gives: tasks with the sequences of their first and last events, the house, every chain's end."""

    tasks: dict[str, Task] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    house: StoreState = field(default_factory=StoreState)
    heads: dict[str, Head] = field(default_factory=dict)
    events: int = 0


@runtime_checkable
class BareLog(Protocol):
    """A reading that gives the log as bare columns, too, which is faster."""

    def log_rows(self, after: int, limit: int) -> Sequence[EventRow]:
        """What `log` gives of the whole log."""
        ...


class Derives(Protocol):
    """Checks rows that follow from the log by rules outside this package."""

    def absorb(self, row: EventRow) -> None:
        """Take note of the next event."""
        ...

    def problems(self, at: Reading, fold: Fold, blobs: frozenset[str]) -> Iterator[str]:
        """Each difference, when the whole log has been seen; `blobs` are the digests of all bytes beside it."""
        ...

    def elsewhere(self, fold: Fold) -> Iterator[str]:
        """Each difference of what lies outside of the store: it takes its time, and reads no row."""
        ...


class Verified(Record):
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


def fold_log(reading: Reading, followers: Sequence[Callable[[EventRow], None]] = ()) -> tuple[Fold, list[str]]:
    """The fold of the whole log, and what is wrong with the log itself; `followers` are shown each event."""
    log, runs = LogFold(reading.select(Archived)), RunFold()
    for rows in log_rows(reading):
        for row in rows:
            if row[1] == LOG:  # the log's own name: its chain is compared with the log's
                runs.ends[LOG] = log.end
            log.absorb(row, runs.problems)
            runs.absorb(row)
            for follow in followers:
                follow(row)
    heads = {run: Head(run, count, end) for run, (count, end) in runs.ends.items()}
    if (head := log.head(runs.problems)) is not None:
        heads[LOG] = head
    tasks = runs.tasks()
    spans = {name: (runs.courses[name].first, runs.courses[name].last) for name in tasks}
    return Fold(tasks, spans, runs.house, heads, log.events), runs.problems


def log_rows(reading: Reading) -> Iterator[Sequence[EventRow]]:
    """Every event, some thousands at a time."""
    after = 0
    while rows := _rows_after(reading, after):
        yield rows
        after = rows[-1][0]


def _rows_after(reading: Reading, after: int) -> Sequence[EventRow]:
    if isinstance(reading, BareLog):
        return reading.log_rows(after, BATCH)
    return [columns_of(event) for event in reading.log(after=after, limit=BATCH)]


def _compare(reading: Reading, fold: Fold) -> Iterator[str]:
    stored = {task.id: task for task in reading.tasks(TaskFilter())}
    for task_id, task in fold.tasks.items():
        if task_id not in stored:
            yield f"task {task_id}: it is in the log, but has no row"
        elif stored[task_id] != task and to_text(stored[task_id]) != to_text(task):
            yield f"task {task_id}: its row differs from the fold of its {task.version} events"
    for task_id in stored.keys() - fold.tasks.keys():
        yield f"task {task_id}: a row that no event explains"
    if to_text(reading.house()) != to_text(fold.house):
        yield "house: its row differs from the fold of its events"
    heads = {head.run: head for head in reading.select(Head)}
    for run in sorted(heads.keys() | fold.heads.keys()):
        if heads.get(run) != fold.heads.get(run):
            yield f"{f'run {run}' if run else 'the log'}: its chain does not end at its head"
