"""The fold of the log from its rows, in order: every chain followed, every count checked.

The whole log's chain needs no run's state, and a run needs no other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onloop.errors import StoreError
from onloop.machine.evolve import evolve
from onloop.machine.store_state import HOUSE, StoreState, evolve_store
from onloop.machine.task import Task
from onloop.records import MutableRecord, field
from onloop.store.chain import GENESIS, base_of, log_link, row_link
from onloop.store.codec import OF_THE_HOUSE, event_from_text
from onloop.store.port import EventRow
from onloop.store.rows import LOG, Archived, Head

_BEGINNING = (0, GENESIS)


class LogFold:
    """The chain of the whole log: `end` is its last sequence and hash, `missing` how many events were archived."""

    __slots__ = ("_archived", "end", "events", "missing")

    def __init__(self, archived: Sequence[Archived]) -> None:
        self.missing = sum(gone.count for gone in archived)
        self.end = (0, base_of(archived))
        self.events = 0
        self._archived = bool(archived)

    def absorb(self, row: EventRow, problems: list[str]) -> None:
        """Add the next event."""
        seq, (count, end) = row[0], self.end
        if seq > self.events + 1 + self.missing:
            problems.append(f"{where(row)}: seq: expected {count + 1}")
        self.events += 1
        self.end = seq, log_link(end, seq, row[10])

    def head(self, problems: list[str]) -> Head | None:
        """Where the log ends; None if it never had an event."""
        if not self.events and not self._archived:
            return None
        (count, end), last = self.end, self.events + self.missing
        if self._archived and count < last:  # the newest events are among those that were archived
            count = last
        if count != last:
            held = f"the log has {self.events} events, and {self.missing} archived ones"
            problems.append(f"{held}, up to sequence {count}")
        return Head(LOG, count, end)


class TaskFold(MutableRecord):
    """What a task's events give so far: their number, the first and the last sequence, and the task."""

    version: int
    first: int
    last: int
    task: Task | None = None


class RunFold(MutableRecord):
    """The fold of some runs: their tasks, the store's state, the ends of the chains, and every problem found."""

    courses: dict[str, TaskFold] = field(default_factory=dict)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    house: StoreState = field(default_factory=StoreState)
    problems: list[str] = field(default_factory=list)

    def absorb(self, row: EventRow) -> None:
        """Add the next event."""
        seq, run, run_seq, task, version, _, _, _, _, _, given = row
        count, end = self.ends.get(run, _BEGINNING)
        if run_seq != count + 1:
            self.problems.append(f"{where(row)}: run_seq: {run_seq}, expected {count + 1}")
        try:
            expected = row_link(end, row)
        except ValueError as problem:
            expected = str(problem)
        if expected != given:
            words = f"its hash does not follow from the event before it: {given:.12}, expected {expected:.12}"
            self.problems.append(f"{where(row)}: {words}")
        self.ends[run] = run_seq, given
        course = self.courses.get(task)
        if course is None:
            course = self.courses[task] = TaskFold(0, seq, seq)
        course.version += 1
        course.last = seq
        if version != course.version:
            self.problems.append(f"{where(row)}: version: {version}, expected {course.version}")
        self._apply(row, course)

    def _apply(self, row: EventRow, course: TaskFold) -> None:
        try:
            fact: Any = event_from_text(row[5], row[6])
            if type(fact) not in OF_THE_HOUSE:
                course.task = evolve(course.task, fact, id=row[3], at=row[7])
                return
            if row[1] != HOUSE:
                self.problems.append(f"{where(row)}: run: {row[1]}, expected {HOUSE}")
            self.house = evolve_store(self.house, fact)
        except (StoreError, ValueError) as problem:
            self.problems.append(f"{where(row)}: data: {problem}")

    def tasks(self) -> dict[str, Task]:
        """Every task that the events gave."""
        return {name: course.task for name, course in self.courses.items() if course.task is not None}


def where(row: EventRow) -> str:
    """The event's number, task and name, for a message."""
    return f"event {row[0]} ({row[3]}, {row[5]})"
