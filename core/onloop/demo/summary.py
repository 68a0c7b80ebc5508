"""How a demo ended: each task's course as the log tells it, against the scenario, and the origins themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.demo.demo_git import git
from onloop.demo.desk import run_suite
from onloop.demo.origins import holds, vendored_version
from onloop.demo.scenario import AttemptOutcome, Pattern, Scenario, ScriptedOutcome, ScriptedReview, verdict
from onloop.machine.events import AttemptEnded, Claimed, Decided, EffectDone, Event, Judged, Moved, RoundStarted
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, TaskFilter
from onloop.store.sqlite.verification import verify

PATCHED = "2."


class TaskEnd(Record):
    """One task: how it ended, and in what that differs from the scenario."""

    task: str
    name: str
    persona: str
    course: ScriptedOutcome
    differences: tuple[str, ...]


class Summary(Record):
    """The whole demo; it ended right when nothing differs and the log verifies."""

    ends: tuple[TaskEnd, ...]
    problems: tuple[str, ...]
    events: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether every task ended as the scenario says, and the log and its state agree."""
        return bool(self.ends) and not self.problems and not any(end.differences for end in self.ends)


def summary_of(opened: GatewayHandle, scenario: Scenario, seconds: float) -> Summary:
    """Compare what happened with what should have."""
    with opened.gateway.store.reading() as at:
        tasks = [task for task in at.tasks(TaskFilter()) if task.kind is Kind.WORK]
        ends = tuple(_end(at, task, scenario) for task in tasks)
        found = verify(at)
    absent = sorted(scenario.parts.keys() - {end.name for end in ends})
    untrue = _whole_problems(tasks) if scenario.pattern is Pattern.SWARM else ()
    problems = (*found.problems, *(f"{name}: no task was made for it" for name in absent), *untrue)
    return Summary(ends, problems, found.events, seconds)


def _end(at: Reading, task: Task, scenario: Scenario) -> TaskEnd:
    part = scenario.part_of(task.repo or "", task.title)
    events = [event_from_text(e.name, e.data) for e in at.log(task=task.id, limit=10_000)]
    merged = _is_patched(task, events) if scenario.pattern is Pattern.FLEET else _is_in_target(task)
    course = _course(task, events, merged=merged)
    return TaskEnd(task.id, part.name, ", ".join(part.personas), course, verdict(part.expected, course))


def _is_patched(task: Task, events: list[Event | StoreEvent]) -> bool:
    patched = task.origin is not None and vendored_version(Path(task.origin)).startswith(PATCHED)
    return patched and any(isinstance(event, EffectDone) for event in events)


def _is_in_target(task: Task) -> bool:
    """Whether what the task handed in last is in its origin's target, and was not there before."""
    submission = task.submission
    return (
        task.origin is not None
        and submission is not None
        and submission.head != submission.base
        and holds(Path(task.origin), submission.head)
    )


def _whole_problems(tasks: list[Task]) -> tuple[str, ...]:
    """What is wrong with the program that the target now holds: its own tests say, in a checkout of it."""
    origin = next((task.origin for task in tasks if task.origin is not None), None)
    if origin is None:
        return ("there is no program",)
    with tempfile.TemporaryDirectory(prefix="onloop-demo-") as name:
        git(Path(name), "clone", "--quiet", origin, "target")
        found = run_suite(Path(name) / "target")
    return () if found.passed else (f"the target's own tests fail: {found.cause}",)


def _course(task: Task, events: list[Event | StoreEvent], *, merged: bool) -> ScriptedOutcome:
    known = {end.value for end in AttemptOutcome}
    return ScriptedOutcome(
        state=task.state,
        merged=merged,
        rounds=sum(isinstance(event, RoundStarted) for event in events),
        attempts=sum(isinstance(event, Claimed) for event in events),
        reasons=frozenset(e.reason for e in events if isinstance(e, Moved) and e.reason is not None),
        ends=frozenset(
            AttemptOutcome(e.end.value) for e in events if isinstance(e, AttemptEnded) and e.end.value in known
        ),
        answers=tuple(e.decision.answer for e in events if isinstance(e, Decided)),
        reviews=tuple(
            ScriptedReview.PASS if e.judgement.passes else ScriptedReview.FAIL for e in events if isinstance(e, Judged)
        ),
    )
