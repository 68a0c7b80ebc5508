"""One run as repositories × steps: counts of tasks by cause and step, computed once and updated with every change."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem, Tier, needs_person
from onloop.attention.regrouped import regrouped
from onloop.attention.scope import Whose
from onloop.machine.definition import Definition
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.views.overview import Category, category_of
from onloop_tui.model.ground.snapshot import Snapshot

BLOCKED = frozenset({Tier.BROKEN, Tier.STALLED})
"""The tiers in which the machine gave up; the other tiers are decisions."""
RATE_WINDOW_MS = 600_000
"""The time over which the rate of completion is measured."""
_LEAST_DONE, _LEAST_WINDOW_MS = 3, 60_000
"""The least completions, and the least time, that give a meaningful rate."""
_ORDER = (
    Category.NEEDS_PERSON,
    Category.WORKING,
    Category.WAITING,
    Category.DONE,
    Category.EXCLUDED,
    Category.ENDED_OTHERWISE,
)
"""The categories shown below the causes."""
_IDLE = frozenset({Reason.STALLED, Reason.DISCONNECTED})
"""Causes that time alone produces: they are in the board, not in the overview."""


@dataclass(slots=True)
class CauseRow:
    """The members of one row: those with a cause, or those in a category that needs nobody."""

    key: str
    group: Group | None
    category: Category
    members: dict[str, int] = field(default_factory=dict)
    """Since when (ms) each task is in the row."""
    cells: dict[str | None, int] = field(default_factory=dict)
    """The number of tasks at each step; None is before the first step, and for categories without steps."""
    needs: int = 0
    """The number of members that need who looks."""

    @property
    def asks(self) -> bool:
        """Whether its members need a person, whoever that is: not a final failure, nor a silent agent."""
        if self.group is None:
            return self.category is Category.NEEDS_PERSON
        return needs_person(self.group.members[0])

    @property
    def is_open(self) -> bool:
        """Whether something can be decided about its members: they need a person, or their agents are silent."""
        return self.asks or (self.group is not None and self.group.tier is not Tier.FYI)

    @property
    def is_blocked(self) -> bool:
        """Whether its members need a person because the machine gave up."""
        return self.group is not None and self.asks and self.group.tier in BLOCKED

    @property
    def since(self) -> int:
        """Since when (ms) its first member is in the row."""
        return min(self.members.values())

    @property
    def looks(self) -> Hashable:
        """A value that changes whenever the row does."""
        return self.key, self.since, self.needs, tuple(self.cells.items()), self.group.detail if self.group else ""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """The counts of a run, which add up to `total`; `blocked`, in `causes`, are a part of `needs_you`."""

    done: int
    blocked: int
    causes: int
    needs_you: int
    for_others: int
    hidden: int
    stalled: int
    running: int
    waiting: int
    excluded: int
    ended_otherwise: int

    @property
    def total(self) -> int:
        """The number of repositories."""
        moving = self.running + self.waiting
        return self.done + self.stuck + moving + self.excluded + self.ended_otherwise

    @property
    def stuck(self) -> int:
        """The number of repositories that do not move by themselves."""
        return self.needs_you + self.for_others + self.hidden + self.stalled


@dataclass(frozen=True, slots=True)
class _Place:
    row: str
    step: str | None


class Matrix:
    """One run, or the part of it that `fits`. Only changed tasks move from count to count."""

    def __init__(self, run: str = "", fits: Callable[[Task, str], bool] | None = None) -> None:
        self.run = run
        self._fits = fits
        self._places: dict[str, _Place] = {}
        self._rows: dict[str, CauseRow] = {}
        self._causes: dict[str, Group] = {}
        self._groups: tuple[Group, ...] = ()
        self._ended: list[int] = []
        self._tasks: Mapping[str, Task] = {}
        self._whose: Mapping[str, Whose] = {}
        self.ids: tuple[str, ...] = ()
        """The counted repositories in the order of their creation, which never changes."""

    # -- news

    def take(self, snapshot: Snapshot, changed: Collection[str] | None) -> None:
        """Follow the snapshot; `changed` are the tasks that changed, None if that is unknown."""
        self._tasks = snapshot.tasks
        moved = self._regrouped(_groups(snapshot))
        if changed is None:
            self._places, self._rows, self._ended = {}, {}, []
            fresh = list(self._members(snapshot.tasks.values()))
        else:
            touched = (snapshot.tasks[task] for task in {*changed, *moved} if task in snapshot.tasks)
            fresh = list(self._members(touched))
        before = len(self._places)
        gone = sum([self._put(task) for task in fresh])
        if changed is None or gone or len(self._places) != before:
            self.ids = tuple(task.id for task in snapshot.tasks.values() if task.id in self._places)
        self._whose = snapshot.whose
        for row in self._rows.values():
            row.needs = sum(self._whose.get(name, Whose.YOU) is Whose.YOU for name in row.members) if row.asks else 0

    def _members(self, tasks: Iterable[Task]) -> Iterator[Task]:
        return (task for task in tasks if task.run == self.run and task.kind is Kind.WORK)

    def _regrouped(self, groups: tuple[Group, ...]) -> set[str]:
        """The tasks whose cause has changed."""
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
        """Count the task in its current row; whether it left all rows."""
        before = self._places.pop(task.id, None)
        if before is not None:
            self._uncount(task.id, before)
        if self._fits is not None and not self._fits(task, self.cause_of(task.id)):
            return before is not None
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
        """Causes in the order of the Inbox, then the categories that need nobody. Every repository is in one row."""
        causes = [row for group in self._groups if (row := self._rows.get(group.cause)) is not None]
        others = [row for category in _ORDER if (row := self._rows.get(category.value)) is not None]
        return (*causes, *others)

    def row(self, key: str) -> CauseRow | None:
        """The row of that cause or category; None if it is empty."""
        return self._rows.get(key)

    def row_of(self, task_id: str) -> CauseRow | None:
        """The row that counts a task."""
        place = self._places.get(task_id)
        return self._rows[place.row] if place is not None else None

    def cause_of(self, task_id: str) -> str:
        """The cause for which a task needs a person; empty if it needs none."""
        group = self._causes.get(task_id)
        return group.cause if group is not None else ""

    def task(self, task_id: str) -> Task:
        """The task of a row."""
        return self._tasks[task_id]

    def name(self, task_id: str) -> str:
        """The display name of a row's task."""
        task = self._tasks[task_id]
        return task.repo or task.title

    def members(self, key: str) -> tuple[str, ...]:
        """The tasks of a row, in the order of `ids`."""
        row = self._rows.get(key)
        return tuple(task for task in self.ids if task in row.members) if row is not None else ()

    @property
    def counts(self) -> RunCounts:
        """The counts for the burndown."""
        rows = self._rows.values()
        asking = sum(len(row.members) for row in rows if row.asks)
        needs_you = sum(row.needs for row in rows)
        blocked = [row for row in rows if row.is_blocked and row.needs]
        others = sum(self._whose.get(name) is Whose.OTHERS for row in rows if row.asks for name in row.members)
        causes = sum(len(row.members) for row in rows if row.group is not None and not row.asks)
        failed = sum(len(row.members) for row in rows if row.group is not None and row.group.tier is Tier.FYI)
        return RunCounts(
            done=self._of(Category.DONE),
            blocked=sum(row.needs for row in blocked),
            causes=len(blocked),
            needs_you=needs_you,
            for_others=others,
            hidden=asking - needs_you - others,
            stalled=causes - failed,
            running=self._of(Category.WORKING),
            waiting=self._of(Category.WAITING),
            excluded=self._of(Category.EXCLUDED),
            ended_otherwise=self._of(Category.ENDED_OTHERWISE) + failed,
        )

    def _of(self, category: Category) -> int:
        row = self._rows.get(category.value)
        return len(row.members) if row is not None else 0

    def rate(self, now: int) -> float | None:
        """The tasks completed per ms over the last minutes; None if there are too few to tell."""
        if not self.ids:
            return None
        began = max(now - RATE_WINDOW_MS, self._tasks[self.ids[0]].created_at)
        recent = len(self._ended) - bisect_left(self._ended, began)
        enough = recent >= _LEAST_DONE and now - began >= _LEAST_WINDOW_MS
        return recent / (now - began) if enough else None


def _groups(snapshot: Snapshot) -> tuple[Group, ...]:
    """All causes, including hidden ones: an acknowledged task still counts."""
    board = snapshot.board
    idle = (group for group in (*board.shown, *(hidden.group for hidden in board.hidden)) if group.reason in _IDLE)
    return (*regrouped(snapshot.overview.groups, snapshot.house.marks.acts), *idle)


def steps_of(definition: Definition | None, tasks: Iterable[Task]) -> tuple[str, ...]:
    """The columns: the workflow's steps in order; if the workflow is unknown, the steps at which tasks are."""
    if definition is not None:
        return tuple(step.id for step in definition.steps)
    return tuple(sorted({task.step for task in tasks if task.step is not None}))


def run_order(snapshot: Snapshot) -> tuple[str, ...]:
    """The runs: live ones first, then ended ones, each newest first."""
    newest = tuple(reversed(snapshot.overview.runs))
    return (*(run.run for run in newest if run.live), *(run.run for run in newest if not run.live))


def first_waiting(snapshot: Snapshot) -> AttentionItem | None:
    """The first item of the Inbox; None if nothing needs a person."""
    return next((group.members[0] for group in snapshot.board.shown), None)
