"""Keeps an overview up to date: only the tasks that changed are counted again."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

from onloop.attention.board import Board
from onloop.attention.groups import Group, Place, group_of, groups_of, seniority
from onloop.attention.items import AttentionItem, item_of, needs_person
from onloop.machine.definition import Definition
from onloop.machine.limits import Millis
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import MutableRecord, field
from onloop.store.port import Reading
from onloop.views.needing_tasks import needing_tasks
from onloop.views.overview import Category, FleetLine, Overview, board_at, category_of
from onloop.views.query import Query


def overview_of(tasks: Iterable[Task], definitions: Mapping[str, Definition] | None = None) -> Overview:
    """The picture that these tasks give. A fleet's root is shown by its children, unless a person is asked about it."""
    return OverviewProjector().after(tasks, definitions)


def needing_overview(tasks: Mapping[str, Task], definitions: Mapping[str, Definition]) -> Overview:
    """The picture of the tasks that need somebody, without runs and counts: only a part of the store was read."""
    items = (item_of(task, definitions.get(task.definition)) for task in tasks.values())
    above = {task.parent for task in tasks.values()}
    return Overview(
        groups=groups_of(item for item in items if item is not None),
        parents={name: task for name, task in tasks.items() if name in above},
    )


def board_of_store(at: Reading, now: int) -> Board:
    """The board of a store at `now` (ms), read from what needs somebody and what stands above it, and nothing else."""
    found = needing_tasks(at, now)
    picture = needing_overview(found.tasks, found.definitions)
    return board_at(picture, found.tasks, at.house(), found.silent, now)


_UNCOUNTED = FleetLine("", "", 0, 0, 0, 0, 0, 0)
"""Keeps a run's place until all that changed has been taken, and its line is made."""


class _Run(MutableRecord):
    """The sums of one run."""

    total: int = 0
    merged: int = 0
    steps: defaultdict[str, Counter[Category]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, task: Task, sign: int) -> None:
        """Count the task in (1), or out (-1)."""
        self.total += sign
        self.merged += sign * (task.state is State.COMPLETED and task.result is not None)
        step = self.steps[task.step or ""]
        step[category_of(task)] += sign

    def line(self, root: Task) -> FleetLine:
        """The sums as a line."""
        by_step = {name: +count for name, count in self.steps.items() if +count}
        whole = Counter[Category]()
        for count in by_step.values():
            whole.update(count)
        return FleetLine(
            run=root.run,
            title=root.title,
            total=self.total,
            done=whole[Category.DONE],
            working=whole[Category.WORKING],
            waiting=whole[Category.WAITING],
            needs_person=whole[Category.NEEDS_PERSON],
            ended_otherwise=whole[Category.ENDED_OTHERWISE],
            excluded=whole[Category.EXCLUDED],
            merged=self.merged,
            workflow=root.workflow,
            by_step=MappingProxyType({name: MappingProxyType(dict(count)) for name, count in by_step.items()}),
        )


class _Rows:
    """Groups in their order, regrouped one cause at a time."""

    def __init__(self) -> None:
        self._items: dict[str, AttentionItem] = {}
        self._members: defaultdict[str, list[AttentionItem]] = defaultdict(list)
        self._known: dict[str, Group] = {}
        self._places: list[Place] = []
        self._groups: list[Group] = []
        self._touched: set[str] = set()
        self.needs_person = 0

    def put(self, task_id: str, item: AttentionItem | None) -> None:
        """The item of that task is this one now."""
        before = self._items.pop(task_id, None)
        if before is not None:
            members = self._members[before.cause]
            del members[bisect_left(members, seniority(before), key=seniority)]
            self._touched.add(before.cause)
            self.needs_person -= needs_person(before)
        if item is not None:
            self._items[task_id] = item
            insort(self._members[item.cause], item, key=seniority)
            self._touched.add(item.cause)
            self.needs_person += needs_person(item)

    def groups(self) -> tuple[Group, ...]:
        """All groups, those that were touched made anew."""
        for cause in self._touched:
            self._regroup(cause)
        self._touched.clear()
        return tuple(self._groups)

    def _regroup(self, cause: str) -> None:
        known = self._known.pop(cause, None)
        if known is not None:
            here = bisect_left(self._places, known.order)
            del self._places[here], self._groups[here]
        members = self._members[cause]
        if not members:
            del self._members[cause]
            return
        group = self._known[cause] = group_of(members)
        here = bisect_left(self._places, group.order)
        self._places.insert(here, group.order)
        self._groups.insert(here, group)


class OverviewProjector:
    """Follows one store: `after` gives the picture that changed tasks make of the one before.

    Its pictures are immutable and equal to `picture_of` all tasks; the gallery itself is for one thread.
    """

    def __init__(self) -> None:
        self.picture = Overview()
        self._tasks: dict[str, Task] = {}
        self._definitions: dict[str, Definition] = {}
        self._rows = _Rows()
        self._runs: defaultdict[str, _Run] = defaultdict(_Run)
        self._lines: dict[str, FleetLine] = {}
        self._parents: dict[str, Task] = {}
        self._with_children: set[str] = set()
        self._states: Counter[State] = Counter()
        self._categories: Counter[Category] = Counter()
        self._ready = 0

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Every task that was ever given, as it was given last."""
        return MappingProxyType(self._tasks)

    def after(self, changed: Iterable[Task], definitions: Mapping[str, Definition] | None = None) -> Overview:
        """The picture after these changes; `definitions` are workflows not given before, by digest."""
        self._definitions.update(definitions or {})
        parents = len(self._parents)
        runs: dict[str, None] = {}
        moved = False
        for task in changed:
            moved = self._take(task) or moved
            runs[task.run] = None
        for run in runs.keys() & self._lines.keys():
            self._lines[run] = self._runs[run].line(self._tasks[run])
        if moved or len(self._parents) != parents:
            known: Mapping[str, Task] = MappingProxyType(dict(self._parents))
        else:
            known = self.picture.parents
        self.picture = self._drawn(known)
        return self.picture

    def _take(self, task: Task) -> bool:
        """Count the task as it is now; whether it is a parent."""
        before = self._tasks.get(task.id)
        self._tasks[task.id] = task
        if before is not None and before.kind is Kind.WORK:
            self._count(before, -1)
        if task.kind is Kind.WORK:
            self._count(task, 1)
        self._rows.put(task.id, item_of(task, self._definitions.get(task.definition)))
        if task.parent is None and task.run not in self._lines:  # here, so that runs keep the order of their roots
            self._lines[task.run] = _UNCOUNTED
        return self._relate(task)

    def _count(self, task: Task, sign: int) -> None:
        self._runs[task.run].add(task, sign)
        self._states[task.state] += sign
        self._categories[category_of(task)] += sign
        self._ready += sign * (task.reason is Reason.READY and category_of(task) is Category.WAITING)

    def _relate(self, task: Task) -> bool:
        """Remember whose child and whose parent the task is."""
        if task.parent is not None and task.parent not in self._with_children:
            self._with_children.add(task.parent)
            if task.parent in self._tasks:
                self._parents[task.parent] = self._tasks[task.parent]
        if task.id in self._with_children:
            self._parents[task.id] = task
            return True
        return False

    def _drawn(self, parents: Mapping[str, Task]) -> Overview:
        states = self._states
        return Overview(
            groups=self._rows.groups(),
            runs=tuple(self._lines.values()),
            needs_person=self._rows.needs_person,
            working=self._categories[Category.WORKING],
            ready=self._ready,
            waiting=self._categories[Category.WAITING],
            paused=states[State.PAUSED],
            ended=sum(count for state, count in states.items() if state in TERMINAL),
            parents=parents,
        )


class ReadBoard(Query[Board], frozen=True):
    """The board of a store at `now` (ms)."""

    name: ClassVar[str] = "board"
    now: Millis

    def carry_out(self, reading: Reading) -> Board:
        """See Query."""
        return board_of_store(reading, self.now)
