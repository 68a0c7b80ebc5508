"""How a demo ended: each task's course as the log tells it, against the scenario, and the origins themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onloop.demo.origins import vendored_version
from onloop.demo.scenario import Course, End, Scenario, verdict
from onloop.gateway.opening import Opened
from onloop.machine.events import AttemptEnded, Claimed, Decided, EffectDone, Event, Moved, RoundStarted
from onloop.machine.house import HouseEvent
from onloop.machine.task import Kind, Task
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, TaskFilter
from onloop.store.verification import verify

PATCHED = "2."


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """One repository: how it ended, and in what that differs from the scenario."""

    task: str
    repo: str
    persona: str
    course: Course
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole demo; it ended right when nothing differs and the log verifies."""

    ends: tuple[TaskEnd, ...]
    problems: tuple[str, ...]
    events: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether every task ended as the scenario says, and the log and its state agree."""
        return bool(self.ends) and not self.problems and not any(end.differences for end in self.ends)


def summary_of(opened: Opened, scenario: Scenario, seconds: float) -> Summary:
    """Compare what happened with what should have."""
    with opened.gateway.store.reading() as at:
        tasks = [task for task in at.tasks(TaskFilter()) if task.kind is Kind.WORK]
        ends = tuple(_end(at, task, scenario) for task in tasks)
        found = verify(at)
    absent = sorted(scenario.parts.keys() - {end.repo for end in ends})
    problems = (*found.problems, *(f"{repo}: no task was made for it" for repo in absent))
    return Summary(ends, problems, found.events, seconds)


def _end(at: Reading, task: Task, scenario: Scenario) -> TaskEnd:
    part = scenario.part(task.repo or "")
    course = _course(task, [event_from_text(e.name, e.data) for e in at.log(task=task.id, limit=10_000)])
    return TaskEnd(task.id, part.repo, part.persona.value, course, verdict(part.expected, course))


def _course(task: Task, events: list[Event | HouseEvent]) -> Course:
    patched = task.origin is not None and vendored_version(Path(task.origin)).startswith(PATCHED)
    known = {end.value for end in End}
    return Course(
        state=task.state,
        merged=patched and any(isinstance(event, EffectDone) for event in events),
        rounds=sum(isinstance(event, RoundStarted) for event in events),
        attempts=sum(isinstance(event, Claimed) for event in events),
        reasons=frozenset(e.reason for e in events if isinstance(e, Moved) and e.reason is not None),
        ends=frozenset(End(e.end.value) for e in events if isinstance(e, AttemptEnded) and e.end.value in known),
        answers=tuple(e.decision.answer for e in events if isinstance(e, Decided)),
    )
