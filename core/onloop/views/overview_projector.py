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
    steps: dict[str, dict[Category, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, line: FleetLine) -> _Run:
        """The sums that this line was made of."""
        return cls(line.total, line.merged, {name: dict(count) for name, count in line.by_step.items()})

    def add(self, task: Task, category: Category, sign: int) -> None:
        """Count the task in (1), or out (-1)."""
        self.total += sign
        self.merged += sign * (task.state is State.COMPLETED and task.result is not None)
        step = self.steps.setdefault(task.step or "", {})
        step[category] = step.get(category, 0) + sign

    def line(self, root: Task) -> FleetLine:
        """The sums as a line."""
        by_step = dict[str, Mapping[Category, int]]()
        whole = dict[Category, int]()
        for name, counts in self.steps.items():
            counted = {category: count for category, count in counts.items() if count > 0}
            if counted:
                by_step[name] = MappingProxyType(counted)
            for category, count in counted.items():
                whole[category] = whole.get(category, 0) + count
        return FleetLine(
            run=root.run,
            title=root.title,
            total=self.total,
            done=whole.get(Category.DONE, 0),
            working=whole.get(Category.WORKING, 0),
            waiting=whole.get(Category.WAITING, 0),
            needs_person=whole.get(Category.NEEDS_PERSON, 0),
            ended_otherwise=whole.get(Category.ENDED_OTHERWISE, 0),
            excluded=whole.get(Category.EXCLUDED, 0),
            merged=self.merged,
            workflow=root.workflow,
            by_step=MappingProxyType(by_step),
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

    def begin_with(self, groups: Iterable[Group]) -> None:
        """Hold these groups, which are in order, and nothing else."""
        for group in groups:
            self._members[group.cause] = list(group.members)
            self._items.update((item.task, item) for item in group.members)
            self._known[group.cause] = group
            self._places.append(group.order)
            self._groups.append(group)
            self.needs_person += sum(map(needs_person, group.members))

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


class _Sums(MutableRecord):
    """The counts of the header."""

    working: int = 0
    waiting: int = 0
    ready: int = 0
    paused: int = 0
    ended: int = 0

    def add(self, task: Task, category: Category, sign: int) -> None:
        """Count the task in (1), or out (-1)."""
        self.working += sign * (category is Category.WORKING)
        if category is Category.WAITING:
            self.waiting += sign
            self.ready += sign * (task.reason is Reason.READY)
        self.paused += sign * (task.state is State.PAUSED)
        self.ended += sign * (task.state in TERMINAL)


class OverviewProjector:
    """Follows one store: `after` gives the picture that changed tasks make of the one before.

    Its pictures are immutable and equal to `overview_of` all tasks; the projector itself is for one thread.
    """

    def __init__(self) -> None:
        self.picture = Overview()
        self._tasks: dict[str, Task] = {}
        self._definitions: dict[str, Definition] = {}
        self._rows = _Rows()
        self._runs: dict[str, _Run] = {}
        self._lines: dict[str, FleetLine] = {}
        self._parents: dict[str, Task] = {}
        self._below: dict[str, int] = {}
        self._sums = _Sums()

    @classmethod
    def resumed(
        cls, picture: Overview, tasks: Mapping[str, Task], definitions: Mapping[str, Definition]
    ) -> OverviewProjector:
        """A projector that goes on from the picture of these tasks, which costs far less than to count them again."""
        made = cls()
        made.picture = picture
        made._tasks.update(tasks)
        made._definitions.update(definitions)
        made._rows.begin_with(picture.groups)
        made._lines = {line.run: line for line in picture.runs}
        made._parents = dict(picture.parents)
        made._below = Counter(task.parent for task in tasks.values() if task.parent is not None)
        made._sums = _Sums(picture.working, picture.waiting, picture.ready, picture.paused, picture.ended)
        return made

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Every task that was ever given, as it was given last."""
        return MappingProxyType(self._tasks)

    def after(
        self,
        changed: Iterable[Task],
        definitions: Mapping[str, Definition] | None = None,
        gone: Iterable[str] = (),
    ) -> Overview:
        """The picture after these changes; `definitions` are workflows not given before, by digest.

        Tasks that are `gone` leave with all that stood below them.
        """
        self._definitions.update(definitions or {})
        parents = len(self._parents)
        runs: dict[str, None] = {}
        moved = False
        for name in gone:
            if name in self._tasks:
                runs[self._tasks[name].run] = None
                moved = self._drop(name) or moved
        for task in changed:
            moved = self._take(task) or moved
            runs[task.run] = None
        for run in runs.keys() & self._lines.keys():
            self._lines[run] = self._sums_of(run).line(self._tasks[run])
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
        return self._relate(task, is_new=before is None)

    def _drop(self, name: str) -> bool:
        """Count the task out; whether it was a parent."""
        task = self._tasks.pop(name)
        if task.kind is Kind.WORK:
            self._count(task, -1)
        self._rows.put(name, None)
        if task.parent is None:
            self._sums_of(task.run)  # those below it are still counted out of what its line said
            self._lines.pop(task.run, None)
        elif self._below[task.parent] == 1:
            del self._below[task.parent]
            return (self._parents.pop(task.parent, None) is not None) | (self._parents.pop(name, None) is not None)
        else:
            self._below[task.parent] -= 1
        return self._parents.pop(name, None) is not None

    def _sums_of(self, run: str) -> _Run:
        found = self._runs.get(run)
        if found is None:
            line = self._lines.get(run)
            found = self._runs[run] = _Run() if line is None else _Run.of(line)
        return found

    def _count(self, task: Task, sign: int) -> None:
        category = category_of(task)
        self._sums_of(task.run).add(task, category, sign)
        self._sums.add(task, category, sign)

    def _relate(self, task: Task, *, is_new: bool) -> bool:
        """Remember whose child and whose parent the task is."""
        if is_new and task.parent is not None:
            below = self._below[task.parent] = self._below.get(task.parent, 0) + 1
            if below == 1 and task.parent in self._tasks:
                self._parents[task.parent] = self._tasks[task.parent]
        if task.id in self._below:
            self._parents[task.id] = task
            return True
        return False

    def _drawn(self, parents: Mapping[str, Task]) -> Overview:
        sums = self._sums
        return Overview(
            groups=self._rows.groups(),
            runs=tuple(self._lines.values()),
            needs_person=self._rows.needs_person,
            working=sums.working,
            ready=sums.ready,
            waiting=sums.waiting,
            paused=sums.paused,
            ended=sums.ended,
            parents=parents,
        )


class ReadBoard(Query[Board], frozen=True):
    """The board of a store at `now` (ms)."""

    name: ClassVar[str] = "board"
    now: Millis

    def carry_out(self, reading: Reading) -> Board:
        """See Query."""
        return board_of_store(reading, self.now)
