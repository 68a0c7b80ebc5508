"""PURE: one task of a report, made of what it is now and of what its log says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onloop.attention.groups import Group
from onloop.machine import events as e
from onloop.machine.state import TERMINAL, State
from onloop.machine.task import Bypass, Decision, DecisionKind, Task
from onloop.records import MutableRecord, field
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded
from onloop.views.decisions_made import said_of
from onloop.views.reporting.fleet_class import class_of
from onloop.views.reporting.report_records import DecisionLine, EffectLine, StepTime, TaskLine
from onloop.views.reporting.run_times import Clockwork, Hold, RunTimesFold, worked_ms

TASK_EVENTS = tuple(
    kind.__name__
    for kind in (e.Created, e.Moved, e.Claimed, e.RoundStarted, e.StepEntered, e.EffectRequested, e.EffectDone)
)
"""The events that a line is made of."""


class _Course(MutableRecord):
    """What a task's log says, while it is read."""

    attempts: int = 0
    rounds: int = 0
    steps: dict[str, StepTime] = field(default_factory=dict)
    at_step: str = ""
    entered: int = 0
    kinds: dict[str, str] = field(default_factory=dict)
    effects: list[EffectLine] = field(default_factory=list)

    def take(self, recorded: Recorded, target: str) -> None:
        """What one event says."""
        event = event_from_text(recorded.name, recorded.data)
        match event:
            case e.Claimed():
                self.attempts += 1
            case e.RoundStarted():
                self.rounds += 1
            case e.StepEntered(step):
                self.leave(recorded.at)
                self.at_step, self.entered = step, recorded.at
            case e.Moved(state) if state in TERMINAL:
                self.leave(recorded.at)
            case e.EffectRequested(id, effect):
                self.kinds[id] = effect.value
            case e.EffectDone(id, result):
                self.effects.append(EffectLine(recorded.at, self.kinds.get(id, "effect"), target, result))

    def leave(self, at: int) -> None:
        """The task is not at its step any more."""
        if self.at_step:
            before = self.steps.get(self.at_step, StepTime(self.at_step, 0, 0))
            self.steps[self.at_step] = StepTime(self.at_step, before.ms + max(0, at - self.entered), before.visits + 1)
        self.at_step = ""


def task_line(task: Task, group: Group | None, events: Sequence[Recorded], holds: Iterable[Hold], now: int) -> TaskLine:
    """The line of one task; `group` is the cause for which it needs somebody, `holds` when its run stood still."""
    course, fold = _Course(), RunTimesFold(task.id, task.workflow)
    for recorded in events:
        course.take(recorded, task.target)
    course.leave(now)
    fold.take(event for event in events if event.name in {"Created", "Moved"})
    span = next(iter(fold.times().spans), None)
    return TaskLine(
        task=task.id,
        parent=task.parent,
        name=task.repo or task.title,
        repo=task.repo,
        title=task.title,
        target=task.target,
        counted_as=class_of(task, group),
        cause=group.cause if group is not None else "",
        state=task.state,
        reason=task.reason,
        detail=task.detail,
        step=task.step,
        version=task.version,
        attempts=course.attempts,
        rounds=course.rounds,
        created=task.created_at,
        begun=span.worked[0][0] if span is not None and span.worked else None,
        ended=span.ended if span is not None else None,
        work_ms=worked_ms(span, Clockwork(holds, now), now) if span is not None else 0,
        commit=(task.result or "") if task.state is State.COMPLETED else "",
        wave=task.wave,
        steps=tuple(course.steps.values()),
        bypasses=tuple(map(_bypass_line, task.bypasses)),
        decisions=tuple(map(decision_line, said_of(task))),
        effects=tuple(course.effects),
    )


def _bypass_line(bypass: Bypass) -> DecisionLine:
    about = f"{bypass.gate} at {bypass.step}, which stood at {bypass.stood}"
    return DecisionLine(bypass.at, bypass.by, "bypassed", about, bypass.reason)


def decision_line(decision: Decision) -> DecisionLine:
    """What a person decided, as a line."""
    about = " ".join(filter(None, (decision.gate, f"at {decision.step}" if decision.step else "")))
    answer = "BYPASSED" if decision.answer is DecisionKind.OVERRIDE else decision.answer.value
    return DecisionLine(decision.at, decision.who, answer, about, decision.words)
