"""One run as repositories × steps: counts of tasks by cause and step, computed once and updated with every change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from onloop.attention.groups import Group
from onloop.attention.items import AttentionItem, Tier, needs_person
from onloop.attention.regrouped import regrouped
from onloop.attention.scope import Whose
from onloop.machine.definition import Definition
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.machine.wave_plan import WaveStanding
from onloop.machine.wave_standing import retries_of, standing_of
from onloop.views.overview import Category, category_of
from onloop.views.reporting.fleet_class import FleetClass, FleetCounts, class_of, left_by_wave
from onloop.views.reporting.wave_lines import WaveLine, wave_lines
from onloop_tui.model.ground.snapshot import Snapshot

BLOCKED = frozenset({Tier.BROKEN, Tier.STALLED})
"""The tiers in which the machine gave up; the other tiers are decisions."""
HELD_BY_WAVE = FleetClass.WAVE_HELD.value
"""The key of the row of those whose wave has not begun; it comes after those that wait."""
_KEYS = (
    Category.NEEDS_PERSON.value,
    Category.WORKING.value,
    Category.WAITING.value,
    HELD_BY_WAVE,
    Category.DONE.value,
    Category.EXCLUDED.value,
    Category.ENDED_OTHERWISE.value,
)
"""The rows shown below the causes."""
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
    is_of_fleet: bool = False
    """Whether it is about the fleet as a whole: its next wave, or its halt."""

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
        return not self.is_of_fleet and self.group is not None and self.asks and self.group.tier in BLOCKED

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
    """The counts of a run: every repository in one class, and whom those need that need a person."""

    classes: FleetCounts
    needs_you: int
    for_others: int
    hidden: int

    @property
    def done(self) -> int:
        """How many passed every step."""
        return self.classes.of(FleetClass.DONE)

    @property
    def running(self) -> int:
        """How many somebody is at."""
        return self.classes.of(FleetClass.WORKING)

    @property
    def blocked(self) -> int:
        """How many the machine gave up."""
        return self.classes.of(FleetClass.BLOCKED)

    @property
    def causes(self) -> int:
        """For how many causes it gave them up."""
        return self.classes.causes

    @property
    def stalled(self) -> int:
        """How many do not go on just now, and need nobody."""
        return self.classes.of(FleetClass.STALLED)

    @property
    def waiting(self) -> int:
        """How many wait for an agent, a slot, a time or their wave."""
        return self.classes.of(FleetClass.WAITING) + self.classes.of(FleetClass.WAVE_HELD)

    @property
    def gone(self) -> int:
        """How many were excluded, or ended without being done."""
        return self.classes.of(FleetClass.EXCLUDED) + self.classes.of(FleetClass.ENDED_OTHERWISE)

    @property
    def stuck(self) -> int:
        """How many do not move by themselves."""
        return self.total - self.done - self.gone - self.running - self.waiting

    @property
    def total(self) -> int:
        """The number of repositories."""
        return self.classes.total


@dataclass(frozen=True, slots=True)
class _Place:
    row: str
    step: str | None
    counted_as: FleetClass | None
    """None for the fleet itself, which is no repository."""
    wave: int = 0
    standing: WaveStanding = WaveStanding.READY
    was_retried: bool = False


class Matrix:
    """One run, or the part of it that `fits`. Only changed tasks move from count to count."""

    def __init__(self, run: str = "", fits: Callable[[Task, str], bool] | None = None) -> None:
        self.run = run
        self._fits = fits
        self._places: dict[str, _Place] = {}
        self._rows: dict[str, CauseRow] = {}
        self._causes: dict[str, Group] = {}
        self._groups: tuple[Group, ...] = ()
        self._classes = Counter[tuple[int, FleetClass]]()
        self._standings = Counter[tuple[int, WaveStanding]]()
        self._retried = Counter[int]()
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
            self._places, self._rows = {}, {}
            for counter in (self._classes, self._standings, self._retried):
                counter.clear()
            fresh = list(self._members(snapshot.tasks.values()))
        else:
            touched = (snapshot.tasks[task] for task in {*changed, *moved} if task in snapshot.tasks)
            fresh = list(self._members(touched))
        before = len(self._places)
        gone = sum([self._put(task) for task in fresh])
        if changed is None or gone or len(self._places) != before:
            here = self._places
            names = snapshot.tasks if changed is not None else [task.id for task in fresh]
            self.ids = tuple(name for name in names if name in here and here[name].counted_as is not None)
        self._whose = snapshot.whose
        for row in self._rows.values():
            row.needs = sum(self._whose.get(name, Whose.YOU) is Whose.YOU for name in row.members) if row.asks else 0

    def _members(self, tasks: Iterable[Task]) -> Iterator[Task]:
        return (task for task in tasks if task.run == self.run)

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
        if task.kind is Kind.FLEET:
            return self._put_fleet(task, group, before)
        counted_as = class_of(task, group)
        key = group.cause if group is not None else _key_of(category, counted_as)
        row = self._rows.setdefault(key, CauseRow(key, group, category))
        step = None if category is Category.DONE else task.step
        retried = task.wave > 0 and retries_of(task) > 0
        standing = standing_of(task) if task.wave else WaveStanding.READY
        place = self._places[task.id] = _Place(key, step, counted_as, task.wave, standing, retried)
        self._tally(place, 1)
        row.members[task.id] = task.since
        row.cells[place.step] = row.cells.get(place.step, 0) + 1
        return False

    def _put_fleet(self, root: Task, group: Group | None, before: _Place | None) -> bool:
        """Show what is asked about the fleet itself in a row of its own; it is no repository."""
        if group is None:
            return before is not None
        row = CauseRow(group.cause, group, Category.NEEDS_PERSON, is_of_fleet=True)
        row = self._rows.setdefault(group.cause, row)
        row.members[root.id] = root.since
        row.cells[None] = row.cells.get(None, 0) + 1
        self._places[root.id] = _Place(group.cause, None, None)
        return False

    def _tally(self, place: _Place, sign: int) -> None:
        """Count a repository in its class and its wave (1), or out of them (-1)."""
        if place.counted_as is None:
            return
        self._classes[place.wave, place.counted_as] += sign
        if place.wave:
            self._standings[place.wave, place.standing] += sign
            self._retried[place.wave] += sign * place.was_retried

    def _uncount(self, task_id: str, place: _Place) -> None:
        row = self._rows[place.row]
        del row.members[task_id]
        row.cells[place.step] -= 1
        self._tally(place, -1)
        if not row.members:
            del self._rows[place.row]

    # -- what there is

    @property
    def rows(self) -> tuple[CauseRow, ...]:
        """Causes in the order of the Inbox, then the categories that need nobody. Every repository is in one row."""
        causes = [row for group in self._groups if (row := self._rows.get(group.cause)) is not None]
        others = [row for key in _KEYS if (row := self._rows.get(key)) is not None]
        return (*sorted(causes, key=lambda row: not row.is_of_fleet), *others)

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
        if row is None or row.is_of_fleet:
            return tuple(row.members) if row is not None else ()
        return tuple(task for task in self.ids if task in row.members)

    @property
    def counts(self) -> RunCounts:
        """The counts of the run, or of the part that fits."""
        rows = self._rows.values()
        asking = sum(len(row.members) for row in rows if row.asks)
        needs_you = sum(row.needs for row in rows)
        others = sum(self._whose.get(name) is Whose.OTHERS for row in rows if row.asks for name in row.members)
        causes = sum(row.is_blocked for row in rows)
        classes = Counter[FleetClass]()
        for (_, name), count in self._classes.items():
            classes[name] += count
        return RunCounts(
            classes=FleetCounts(dict(+classes), causes),
            needs_you=needs_you,
            for_others=others,
            hidden=asking - needs_you - others,
        )

    @property
    def waves(self) -> tuple[WaveLine, ...]:
        """The waves of the fleet; none where it has none."""
        root = self._tasks.get(self.run)
        return wave_lines(root.waves if root is not None else None, self._standings, self._retried)

    @property
    def left(self) -> tuple[int, ...]:
        """How many go on without a person, in the order of the waves that are left."""
        root = self._tasks.get(self.run)
        return left_by_wave(self._classes, root.waves.current if root is not None and root.waves is not None else 0)


def _key_of(category: Category, counted_as: FleetClass) -> str:
    return HELD_BY_WAVE if counted_as is FleetClass.WAVE_HELD else category.value


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
