"""When a task stood at which step, and what that time went to: from its log, as rows of spans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from onloop.errors import unknown_task
from onloop.machine.events import Created, GateReported, GatesRequested, Moved, StepEntered
from onloop.machine.evidence import Verdict
from onloop.machine.limits import Id, Millis
from onloop.machine.state import TERMINAL
from onloop.machine.task import Kind, Task
from onloop.records import MutableRecord, Record, field
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.views.query import Query
from onloop.views.time_kinds import FOR_AGENTS, GATES, time_of

MOST_ROWS = 200
"""How many rows a timeline has: of a task its last visits, of a run its first tasks."""
MOST_SPANS = 500
"""How many spans a row has; the last ones. A task that moves more often is drawn from there on."""
MOST_EVENTS = 50_000
"""How many events are read for one timeline; the newest."""
_OF_RUNS = (Created.__name__, Moved.__name__, StepEntered.__name__)
_OF_TASKS = (*_OF_RUNS, GatesRequested.__name__, GateReported.__name__)


class SpentTime(Record):
    """A time (ms) that went to one kind of thing; `until` is None while it lasts."""

    kind: str
    since: int
    until: int | None = None


class TimelineRow(Record):
    """One visit of a step, or one task of a run: what its time went to, without the time after its end."""

    name: str
    spans: tuple[SpentTime, ...] = ()
    visit: int = 0
    """Which visit of the step, from 1; 0 where the row is a task."""
    task: str = ""
    """The task that the row is, where it is one."""
    gate: bool = False
    """Whether it is a gate of the visit above it: from when it was asked to what it said."""
    verdict: Verdict | None = None
    """What the gate said last."""


class Timeline(Record):
    """The rows of a task or run from `began` to `until` (ms), oldest first; `more` is how many were left out."""

    began: int
    until: int
    rows: tuple[TimelineRow, ...] = ()
    more: int = 0

    @property
    def span_ms(self) -> int:
        """How long it is; at least a millisecond."""
        return max(1, self.until - self.began)


class ReadTimeline(Query[Timeline], frozen=True):
    """What the time of a task, or of the tasks of a run, went to until `now` (ms)."""

    name: ClassVar[str] = "timeline"
    task: Id
    now: Millis

    def carry_out(self, reading: Reading) -> Timeline:
        """See Query."""
        task = reading.task(self.task)
        if task is None:
            raise unknown_task(self.task)
        if task.kind is Kind.FLEET:
            return _of_run(reading, task, self.now)
        events = reading.log(task=task.id, names=_OF_TASKS, limit=MOST_EVENTS, newest=True)
        return timeline_of((visit_rows(events),), self.now)


def _of_run(reading: Reading, root: Task, now: int) -> Timeline:
    tasks = [task for task in reading.tasks(TaskFilter(parent=root.id)) if task.kind is Kind.WORK]
    shown = {task.id: task for task in tasks[:MOST_ROWS]}
    logs: dict[str, list[Recorded]] = {name: [] for name in shown}
    for recorded in reading.log(run=root.run, names=_OF_RUNS, limit=MOST_EVENTS, newest=True):
        if recorded.task in logs:
            logs[recorded.task].append(recorded)
    rows = [(task_row(shown[name], events),) for name, events in logs.items()]
    return timeline_of(rows, now, more=len(tasks) - len(shown))


def timeline_of(rows: Iterable[Iterable[TimelineRow]], now: int, *, more: int = 0) -> Timeline:
    """The rows from where the first begins to where the last ends, which is `now` while one lasts."""
    kept = [row for each in rows for row in each]
    left, kept = max(0, len(kept) - MOST_ROWS), kept[-MOST_ROWS:]
    spans = [span for row in kept for span in row.spans]
    began = min((span.since for span in spans), default=now)
    until = max((now if span.until is None else span.until for span in spans), default=now)
    return Timeline(began, max(began, until), tuple(kept), more + left)


def visit_rows(events: Iterable[Recorded]) -> tuple[TimelineRow, ...]:
    """A row for each visit of a step, in the order in which the task came there."""
    course = _TimedVisits()
    for recorded in events:
        course.take(recorded)
    course.end()
    return tuple(course.rows)


def task_row(task: Task, events: Iterable[Recorded]) -> TimelineRow:
    """One row for all that a task's time went to."""
    spans = [span for row in visit_rows(events) for span in row.spans if not row.gate]
    return TimelineRow(task.repo or task.title, _joined(spans)[-MOST_SPANS:], task=task.id)


def _joined(spans: Iterable[SpentTime]) -> tuple[SpentTime, ...]:
    """The spans, those of one kind that follow each other as one."""
    found: list[SpentTime] = []
    for span in spans:
        if found and found[-1].kind == span.kind and found[-1].until == span.since:
            found[-1] = SpentTime(span.kind, found[-1].since, span.until)
        else:
            found.append(span)
    return tuple(found)


class _AskedGate(MutableRecord):
    """A gate of the visit that is being read."""

    asked: int | None = None
    spans: list[SpentTime] = field(default_factory=list)
    verdict: Verdict | None = None

    def row(self, name: str, visit: int) -> TimelineRow:
        """It as a row; what it was asked and has not answered lasts."""
        lasting = () if self.asked is None else (SpentTime(GATES, self.asked),)
        return TimelineRow(name, (*self.spans, *lasting)[-MOST_SPANS:], visit, gate=True, verdict=self.verdict)


class _TimedVisits(MutableRecord):
    """What a task's log says, while it is read."""

    rows: list[TimelineRow] = field(default_factory=list)
    name: str = ""
    visit: int = 0
    kind: str = FOR_AGENTS
    since: int | None = None
    spans: list[SpentTime] = field(default_factory=list)
    gates: dict[str, _AskedGate] = field(default_factory=dict)

    def take(self, recorded: Recorded) -> None:
        """What one event says."""
        match event_from_text(recorded.name, recorded.data):
            case GatesRequested(gates):
                self._ask(gates, recorded.at)
            case GateReported(evidence):
                self._report(evidence.gate, evidence.verdict, recorded.at)
            case StepEntered(step, visit):
                self._close_span(recorded.at)
                self._let_gates_go(recorded.at)
                self.close_row()
                self.name, self.visit, self.since = step, visit, recorded.at
            case Moved(state, reason):
                self._close_span(recorded.at)
                self.kind, self.since = time_of(state, reason), recorded.at
                if state in TERMINAL:
                    self._let_gates_go(recorded.at)
                    self.since = None
            case _:
                self.since = recorded.at

    def _ask(self, gates: Iterable[str], at: int) -> None:
        for name in gates:
            self.gates.setdefault(name, _AskedGate()).asked = at

    def _report(self, name: str, verdict: Verdict, at: int) -> None:
        gate = self.gates.setdefault(name, _AskedGate())
        gate.verdict = verdict
        if gate.asked is not None:
            gate.spans.append(SpentTime(GATES, gate.asked, at))
        gate.asked = None

    def _let_gates_go(self, at: int) -> None:
        """What was asked and will not be answered ends here."""
        for gate in self.gates.values():
            if gate.asked is not None:
                gate.spans.append(SpentTime(GATES, gate.asked, at))
                gate.asked = None

    def _close_span(self, at: int) -> None:
        if self.since is not None and at > self.since:
            self.spans.append(SpentTime(self.kind, self.since, at))

    def close_row(self) -> None:
        """What was read since the last row is one, if it is anything."""
        if self.spans:
            name = self.name or "before its first step"
            self.rows.append(TimelineRow(name, _joined(self.spans)[-MOST_SPANS:], self.visit))
            self.rows += [gate.row(gate_id, self.visit) for gate_id, gate in self.gates.items()]
        self.spans, self.gates = [], {}

    def end(self) -> None:
        """No more is said: a span that was not closed lasts."""
        if self.since is not None:
            self.spans.append(SpentTime(self.kind, self.since))
        self.close_row()
