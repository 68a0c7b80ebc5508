"""The report of a run as queries: the whole, its history alone, and its tasks some hundred at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar

from onloop.attention.groups import Group, groups_of
from onloop.attention.idle import STALL_MS, idle_item_of
from onloop.attention.items import item_of
from onloop.attention.regrouped import regrouped
from onloop.machine.definition import Definition
from onloop.machine.limits import Id, Items, Millis
from onloop.machine.store_state import HOUSE, StoreState, covering
from onloop.machine.task import Kind, Task
from onloop.machine.wave_events import WavePassed, WaveStarted
from onloop.records import replace
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.query import Query
from onloop.views.reporting.cause_lines import cause_lines
from onloop.views.reporting.fleet_class import class_of, counts_of_classes, left_by_wave
from onloop.views.reporting.open_counts import burndown
from onloop.views.reporting.pace import pace_of
from onloop.views.reporting.report_records import MOST_CAUSES, RunHistory, RunReport, TaskLine
from onloop.views.reporting.run_times import FREEZES, TOLD_BY, Hold, RunTimes, RunTimesFold
from onloop.views.reporting.task_lines import TASK_EVENTS, decision_line, task_line
from onloop.views.reporting.wave_lines import WaveLine, counts_of_waves, wave_lines

PAGE = 500
"""How many tasks are read at a time."""
_EVENTS = 20_000
"""How many events of a log are read at a time."""
_WAVE_EVENTS = (WaveStarted.__name__, WavePassed.__name__)
MOST_GAPS = 100
"""How many of the times in which a run stood still are told; the latest."""


class ReadRunHistory(Query[RunHistory], frozen=True):
    """How a run went until `now` (ms)."""

    name: ClassVar[str] = "run_history"
    run: Id
    now: Millis

    def carry_out(self, reading: Reading) -> RunHistory:
        """See Query."""
        root = known_root(reading, self.run)
        return _history(root, _times(reading, root), self.now)


class ReadRunReport(Query[RunReport], frozen=True):
    """A run as a whole, as it stands at `now` (ms)."""

    name: ClassVar[str] = "run_report"
    run: Id
    now: Millis

    def carry_out(self, reading: Reading) -> RunReport:
        """See Query."""
        root = known_root(reading, self.run)
        tasks = [task for task in reading.tasks(TaskFilter(run=root.run)) if task.kind is Kind.WORK]
        groups = _groups(reading, tasks, reading.house(), self.now)
        lines = cause_lines(tasks, groups)
        causes = {item.task: group for group in groups for item in group.members}
        moving = Counter((task.wave, class_of(task, causes.get(task.id))) for task in tasks)
        workflow = pinned_definition(reading, root.definition)
        return RunReport(
            run=root.run,
            title=root.title,
            workflow=root.workflow,
            definition=root.definition,
            sponsor=root.sponsor,
            state=root.state,
            reason=root.reason,
            detail=root.detail,
            is_fleet=root.kind is Kind.FLEET,
            seq=reading.last_seq(),
            steps=tuple(step.id for step in workflow.steps),
            counts=counts_of_classes(tasks, groups),
            history=_history(root, _times(reading, root), self.now),
            tasks=tuple(task.id for task in tasks),
            causes=lines[:MOST_CAUSES],
            hidden_causes=max(0, len(lines) - MOST_CAUSES),
            decisions=tuple(map(decision_line, root.decisions)) if root.kind is Kind.FLEET else (),
            waves=_waves(reading, root, tasks),
            left=left_by_wave(moving, root.waves.current if root.waves is not None else 0),
            asked=tuple(request.question for request in root.requests) if root.kind is Kind.FLEET else (),
        )


class ReadReportTasks(Query[tuple[TaskLine, ...]], frozen=True):
    """These tasks of a run, as they stand at `now` (ms); one that is not of it, or is gone, is left out."""

    name: ClassVar[str] = "report_tasks"
    run: Id
    tasks: Annotated[tuple[Id, ...], Items(PAGE)]
    now: Millis

    def carry_out(self, reading: Reading) -> tuple[TaskLine, ...]:
        """See Query."""
        found = [task for name in self.tasks if (task := reading.task(name)) is not None and task.run == self.run]
        groups = _groups(reading, found, reading.house(), self.now)
        causes = {item.task: group for group in groups for item in group.members}
        root = known_root(reading, self.run)
        holds = _holds(reading, root)
        lines = []
        for task in found:
            events = reading.log(task=task.id, names=TASK_EVENTS, limit=_EVENTS)
            lines.append(task_line(task, causes.get(task.id), events, holds, self.now))
        return tuple(lines)


def _waves(reading: Reading, root: Task, tasks: Sequence[Task]) -> tuple[WaveLine, ...]:
    """The waves of a fleet, with the times at which each began and was passed."""
    lines = wave_lines(root.waves, *counts_of_waves(tasks))
    if not lines:
        return ()
    began, passed = dict[int, int](), dict[int, int]()
    for recorded in reading.log(task=root.id, names=_WAVE_EVENTS, limit=_EVENTS):
        event = event_from_text(recorded.name, recorded.data)
        if isinstance(event, WaveStarted):
            began.setdefault(event.wave, recorded.at)
        elif isinstance(event, WavePassed):
            passed[event.report.wave] = recorded.at
    return tuple(replace(line, began=began.get(line.wave), passed=passed.get(line.wave)) for line in lines)


def known_root(reading: Reading, run: str) -> Task:
    """The root of a run, also where it is named by one of its tasks; UnknownThing if there is none."""
    return known_task(reading, known_task(reading, run).run)


def _history(root: Task, times: RunTimes, now: int) -> RunHistory:
    told = burndown(times, now)
    told = replace(told, gaps=told.gaps[-MOST_GAPS:])
    return RunHistory(root.run, now, times.began, times.ended, told, pace_of(times, now))


def _times(reading: Reading, root: Task) -> RunTimes:
    fold = RunTimesFold(root.run, root.workflow)
    for page in _pages(reading, HOUSE, FREEZES):
        fold.take_freezes(page)
    for page in _pages(reading, root.run, TOLD_BY):
        fold.take(page)
    return fold.times()


def _holds(reading: Reading, root: Task) -> tuple[Hold, ...]:
    """When the run stood still, as the log of its root and of the store's freezes says."""
    fold = RunTimesFold(root.run, root.workflow)
    for page in _pages(reading, HOUSE, FREEZES):
        fold.take_freezes(page)
    fold.take(reading.log(task=root.id, names=TOLD_BY, limit=_EVENTS))
    return fold.times().holds


def _pages(reading: Reading, run: str, names: Sequence[str]) -> Iterator[Sequence[Recorded]]:
    after = 0
    while page := reading.log(run=run, names=names, after=after, limit=_EVENTS):
        yield page
        if len(page) < _EVENTS:
            return
        after = page[-1].seq


def _groups(reading: Reading, tasks: Sequence[Task], house: StoreState, now: int) -> tuple[Group, ...]:
    """Every cause for which one of these tasks needs somebody, as people put them together or told them apart."""
    known: Mapping[str, Definition] = {
        digest: pinned_definition(reading, digest) for digest in {task.definition for task in tasks}
    }
    items = (item_of(task, known.get(task.definition)) for task in tasks)
    told = regrouped(groups_of(item for item in items if item is not None), house.marks.acts)
    own = {task.id: task for task in tasks}
    leases = ((own[lease.task], lease) for lease in reading.silent(now, STALL_MS) if lease.task in own)
    idle = (idle_item_of(task, lease, now) for task, lease in leases if covering(house, task) is None)
    return (*told, *groups_of(item for item in idle if item is not None))
