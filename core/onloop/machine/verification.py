"""Submit asks, a verifier answers: what is done with both."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.course import Course, check_holder, refuse
from onloop.machine.progress import advance, request_gates, settle_gates
from onloop.machine.state import Reason
from onloop.machine.task import Submission, Task


def apply(course: Course, command: c.Submit | c.ReportGate) -> None:
    """Decide a submission or a verifier's report."""
    match command:
        case c.Submit():
            _submit(course, command)
        case c.ReportGate():
            _report(course, command)
        case _:
            assert_never(command)


def _submit(course: Course, command: c.Submit) -> None:
    check_holder(course.task, command.agent, command.epoch)
    before, now = course.task.submission, command.submission
    running = course.task.reason is Reason.GATES_RUNNING
    if running and before is not None and _same_work(before, now):
        return
    answered = before is not None and _same_work(before, now) and _is_answered(course)
    course.record(e.Submitted(now))
    if answered:
        settle_gates(course)
    elif course.step.machine_gates:
        request_gates(course)
    else:
        advance(course)


def _same_work(before: Submission, now: Submission) -> bool:
    return (before.head, before.base, before.artefacts) == (now.head, now.base, now.artefacts)


def _is_answered(course: Course) -> bool:
    """Whether every gate of the step has evidence on this very commit: asking again would only fish for another."""
    step = course.step
    return bool(step.machine_gates) and all(course.task.found(step.id, g.id) is not None for g in step.machine_gates)


def _report(course: Course, command: c.ReportGate) -> None:
    task = course.task
    evidence = replace(command.evidence, step=task.step or "")
    if evidence.gate not in task.awaited:
        refuse(f"{task.id} does not wait for gate {evidence.gate}", Exit.NOTHING, "drop the report")
    if not task.is_current(evidence):
        raise Stale(
            f"evidence for {evidence.gate} of {task.id} is about {evidence.head[:12]}, and {_head(task)} counts now",
            hint="drop the report",
        )
    course.record(e.GateReported(evidence))
    if not course.task.awaited:
        settle_gates(course)


def _head(task: Task) -> str:
    return task.submission.head[:12] if task.submission else "nothing"
