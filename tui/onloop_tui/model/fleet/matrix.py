"""One run as repositories × steps: who stands where for which cause, counted once and then kept with every change."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem, Tier
from onloop.machine.definition import Definition
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.views.overview import Category, category_of
from onloop_tui.model.ground.snapshot import Snapshot

BLOCKED = frozenset({Tier.BROKEN, Tier.STALLED})
"""The tiers in which the machine gave up; the others are decisions."""
RATE_WINDOW_MS = 600_000
"""The rate at which work gets done is taken over so long."""
_LEAST_DONE, _LEAST_WINDOW_MS = 3, 60_000
"""Fewer than so many, or a shorter time, say nothing about a rate."""
_ORDER = (
    Category.NEEDS_PERSON,
    Category.WORKING,
    Category.WAITING,
    Category.DONE,
    Category.EXCLUDED,
    Category.ENDED_OTHERWISE,
)
"""The rows below the causes."""
_IDLE = frozenset({Reason.STALLED, Reason.DISCONNECTED})
"""Causes that only time brings about: they are on the board, and not in the picture."""


@dataclass(slots=True)
class CauseRow:
    """What is counted together in one row: the members of a cause, or of a category that needs nobody."""

    key: str
    group: Group | None
    category: Category
    members: dict[str, int] = field(default_factory=dict)
    """Since when each one stands there, by task."""
    cells: dict[str | None, int] = field(default_factory=dict)
    """How many stand at each step; None is before the first, and where no step counts any more."""

    @property
    def needs(self) -> int:
        """How many of them wait for a person."""
        return len(self.members) if self.is_open or self.category is Category.NEEDS_PERSON else 0

    @property
    def is_open(self) -> bool:
        """Whether it is a cause that waits for a person; what has failed for good is a cause, and does not."""
        return self.group is not None and self.group.tier is not Tier.FYI

    @property
    def since(self) -> int:
        """Since when (ms) the first of them stands there."""
        return min(self.members.values())

    @property
    def looks(self) -> Hashable:
        """What changes whenever the row does."""
        return self.key, self.since, tuple(self.cells.items()), self.group.detail if self.group else ""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What has become of the run; the numbers add up to `total`."""

    done: int
    blocked: int
    causes: int
    needs_you: int
    running: int
    waiting: int
    excluded: int
    ended_otherwise: int

    @property
    def total(self) -> int:
        """All repositories."""
        moving = self.running + self.waiting
        return self.done + self.blocked + self.needs_you + moving + self.excluded + self.ended_otherwise


@dataclass(frozen=True, slots=True)
class _Place:
    row: str
    step: str | None


class Matrix:
    """One run, or what of it `fits`. Changed tasks are moved from count to count; nothing else is looked at."""

    def __init__(self, run: str = "", fits: Callable[[Task, str], bool] | None = None) -> None:
        self.run = run
        self._fits = fits
        self._places: dict[str, _Place] = {}
        self._rows: dict[str, CauseRow] = {}
        self._causes: dict[str, Group] = {}
        self._groups: tuple[Group, ...] = ()
        self._ended: list[int] = []
        self._tasks: Mapping[str, Task] = {}
        self.ids: tuple[str, ...] = ()
        """The repositories that are counted, oldest first: the order in which they were made, which never moves."""

    # -- news

    def take(self, snapshot: Snapshot, changed: Collection[str] | None) -> None:
        """Follow the snapshot; `changed` are the tasks that are not as they were, None where that is not known."""
        self._tasks = snapshot.tasks
        moved = self._regrouped(_groups(snapshot))
        if changed is None:
            self._places, self._rows, self._ended = {}, {}, []
            fresh = list(self._members(snapshot.tasks.values()))
        else:
            known = (snapshot.tasks[task] for task in {*changed, *moved} if task in snapshot.tasks)
            fresh = list(self._members(known))
        before = len(self._places)
        gone = sum([self._put(task) for task in fresh])
        if changed is None or gone or len(self._places) != before:
            self.ids = tuple(task.id for task in snapshot.tasks.values() if task.id in self._places)

    def _members(self, tasks: Iterable[Task]) -> Iterator[Task]:
        return (task for task in tasks if task.run == self.run and task.kind is Kind.WORK)

    def _regrouped(self, groups: tuple[Group, ...]) -> set[str]:
        """The tasks whose cause is another one than before."""
        if groups == self._groups:
            return set()
        before = self._causes
        self._groups = groups
        self._causes = {item.task: group for group in groups for item in group.members if item.run == self.run}
        for group in groups:
            if (row := self._rows.get(group.cause)) is not None:
                row.group = group
        return {
            task
            for task in before.keys() | self._causes.keys()
            if (before[task].cause if task in before else "") != self.cause_of(task)
        }

    def _put(self, task: Task) -> bool:
        """Count the task where it stands now; whether it has left the rows altogether."""
        known = self._places.pop(task.id, None)
        if known is not None:
            self._uncount(task.id, known)
        if self._fits is not None and not self._fits(task, self.cause_of(task.id)):
            return known is not None
        group, category = self._causes.get(task.id), category_of(task)
        key = group.cause if group is not None else category.value
        row = self._rows.setdefault(key, CauseRow(key, group, category))
        place = self._places[task.id] = _Place(key, None if category is Category.DONE else task.step)
        row.members[task.id] = task.since
        row.cells[place.step] = row.cells.get(place.step, 0) + 1
        if category is Category.DONE:
            insort(self._ended, task.since)
        return False

    def _uncount(self, task_id: str, place: _Place) -> None:
        row = self._rows[place.row]
        since = row.members.pop(task_id)
        row.cells[place.step] -= 1
        if row.category is Category.DONE and row.group is None:
            self._ended.pop(bisect_left(self._ended, since))
        if not row.members:
            del self._rows[place.row]

    # -- what there is

    @property
    def rows(self) -> tuple[CauseRow, ...]:
        """Causes in the order of the Inbox, then what needs nobody; together they hold every repository once."""
        causes = [row for group in self._groups if (row := self._rows.get(group.cause)) is not None]
        others = [row for category in _ORDER if (row := self._rows.get(category.value)) is not None]
        return (*causes, *others)

    def row(self, key: str) -> CauseRow | None:
        """The row of that cause or category; None where nothing stands there."""
        return self._rows.get(key)

    def row_of(self, task_id: str) -> CauseRow | None:
        """The row in which a task is counted."""
        place = self._places.get(task_id)
        return self._rows[place.row] if place is not None else None

    def cause_of(self, task_id: str) -> str:
        """The cause for which a task needs a person; empty where it needs none."""
        group = self._causes.get(task_id)
        return group.cause if group is not None else ""

    def task(self, task_id: str) -> Task:
        """The task of a row."""
        return self._tasks[task_id]

    def name(self, task_id: str) -> str:
        """What people call the task of a row."""
        task = self._tasks[task_id]
        return task.repo or task.title

    def members(self, key: str) -> tuple[str, ...]:
        """The repositories of a row, in the order of `ids`."""
        row = self._rows.get(key)
        return tuple(task for task in self.ids if task in row.members) if row is not None else ()

    @property
    def counts(self) -> RunCounts:
        """The numbers of the burndown."""
        causes = [row for row in self._rows.values() if row.group is not None]
        blocked = [row for row in causes if row.group is not None and row.group.tier in BLOCKED]
        failed = sum(len(row.members) for row in causes if not row.is_open)
        stuck = sum(len(row.members) for row in blocked)
        asking = sum(len(row.members) for row in causes) - stuck - failed
        return RunCounts(
            done=self._of(Category.DONE),
            blocked=stuck,
            causes=len(blocked),
            needs_you=asking + self._of(Category.NEEDS_PERSON),
            running=self._of(Category.WORKING),
            waiting=self._of(Category.WAITING),
            excluded=self._of(Category.EXCLUDED),
            ended_otherwise=self._of(Category.ENDED_OTHERWISE) + failed,
        )

    def _of(self, category: Category) -> int:
        row = self._rows.get(category.value)
        return len(row.members) if row is not None else 0

    def rate(self, now: int) -> float | None:
        """How many get done per ms, taken over the last minutes; None where too few did to say."""
        if not self.ids:
            return None
        began = max(now - RATE_WINDOW_MS, self._tasks[self.ids[0]].created_at)
        recent = len(self._ended) - bisect_left(self._ended, began)
        enough = recent >= _LEAST_DONE and now - began >= _LEAST_WINDOW_MS
        return recent / (now - began) if enough else None


def _groups(snapshot: Snapshot) -> tuple[Group, ...]:
    """All causes, hidden ones too: what is acknowledged still stands where it stands."""
    board = snapshot.board
    idle = (group for group in (*board.shown, *(hidden.group for hidden in board.hidden)) if group.reason in _IDLE)
    return (*snapshot.picture.groups, *idle)


def steps_of(definition: Definition | None, tasks: Iterable[Task]) -> tuple[str, ...]:
    """The columns: the workflow's steps in order; where it is not known, those at which somebody stands."""
    if definition is not None:
        return tuple(step.id for step in definition.steps)
    return tuple(sorted({task.step for task in tasks if task.step is not None}))


def run_order(snapshot: Snapshot) -> tuple[str, ...]:
    """The runs: those that live first, each time the newest first."""
    newest = tuple(reversed(snapshot.picture.runs))
    return (*(run.run for run in newest if run.live), *(run.run for run in newest if not run.live))


def first_waiting(snapshot: Snapshot) -> AttentionItem | None:
    """What the Inbox has on top; None where nothing needs a person."""
    return next((group.members[0] for group in snapshot.board.shown), None)
