"""How a demo ended: compares the log and the origins with the scenario."""

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
from onloop.store.verification import verify

PATCHED = "2."


class TaskEnd(Record):
    """One task: how it ended, and how that differs from the scenario."""

    task: str
    name: str
    persona: str
    course: ScriptedOutcome
    differences: tuple[str, ...]


class Summary(Record):
    """The whole demo. It is right if nothing differs from the scenario and the log verifies."""

    ends: tuple[TaskEnd, ...]
    problems: tuple[str, ...]
    events: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether every task ended as the scenario says, and the log and its state agree."""
        return bool(self.ends) and not self.problems and not any(end.differences for end in self.ends)


def summary_of(opened: GatewayHandle, scenario: Scenario, seconds: float) -> Summary:
    """The comparison of what happened with the scenario."""
    with opened.gateway.store.reading() as reading:
        tasks = [task for task in reading.tasks(TaskFilter()) if task.kind is Kind.WORK]
        ends = tuple(_end(reading, task, scenario) for task in tasks)
        verification = verify(reading)
    absent = sorted(scenario.parts.keys() - {end.name for end in ends})
    failures = _target_problems(tasks) if scenario.pattern is not Pattern.FLEET else ()
    problems = (*verification.problems, *(f"{name}: the run has no task for it" for name in absent), *failures)
    return Summary(ends, problems, verification.events, seconds)


def _end(reading: Reading, task: Task, scenario: Scenario) -> TaskEnd:
    part = scenario.part_of(task.repo or "", task.title)
    events = [event_from_text(e.name, e.data) for e in reading.log(task=task.id, limit=10_000)]
    merged = _is_patched(task, events) if scenario.pattern is Pattern.FLEET else _is_in_target(task)
    course = _outcome(task, events, merged=merged)
    return TaskEnd(task.id, part.name, ", ".join(part.personas), course, verdict(part.expected, course))


def _is_patched(task: Task, events: list[Event | StoreEvent]) -> bool:
    patched = task.origin is not None and vendored_version(Path(task.origin)).startswith(PATCHED)
    return patched and any(isinstance(event, EffectDone) for event in events)


def _is_in_target(task: Task) -> bool:
    """Whether the task's last submission is in its origin's target and changes something."""
    submission = task.submission
    return (
        task.origin is not None
        and submission is not None
        and submission.head != submission.base
        and holds(Path(task.origin), submission.head)
    )


def _target_problems(tasks: list[Task]) -> tuple[str, ...]:
    """The failure of the merged program's own tests in a checkout of the target; empty if they pass."""
    origin = next((task.origin for task in tasks if task.origin is not None), None)
    if origin is None:
        return ("no task has an origin, so there is no program to test",)
    with tempfile.TemporaryDirectory(prefix="onloop-demo-") as name:
        git(Path(name), "clone", "--quiet", origin, "target")
        tests = run_suite(Path(name) / "target")
    return () if tests.passed else (f"the target's own tests fail: {tests.cause}",)


def _outcome(task: Task, events: list[Event | StoreEvent], *, merged: bool) -> ScriptedOutcome:
    known_ends = {end.value for end in AttemptOutcome}
    return ScriptedOutcome(
        state=task.state,
        merged=merged,
        rounds=sum(isinstance(event, RoundStarted) for event in events),
        attempts=sum(isinstance(event, Claimed) for event in events),
        reasons=frozenset(e.reason for e in events if isinstance(e, Moved) and e.reason is not None),
        ends=frozenset(
            AttemptOutcome(e.end.value) for e in events if isinstance(e, AttemptEnded) and e.end.value in known_ends
        ),
        answers=tuple(e.decision.answer for e in events if isinstance(e, Decided)),
        reviews=tuple(
            ScriptedReview.PASS if e.judgement.passes else ScriptedReview.FAIL for e in events if isinstance(e, Judged)
        ),
    )
