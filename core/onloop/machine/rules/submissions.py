"""The rules for a submission, and for a verifier's report on it."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.rules.base_rules import report_base
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder, refuse
from onloop.machine.rules.progress import advance, request_gates, settle_gates
from onloop.machine.state import Reason
from onloop.machine.task import DecisionKind, Submission, Task, Verdict
from onloop.records import replace


def apply(course: DecisionBuilder, command: c.Submit | c.ReportGate | c.ReportBase) -> None:
    """Decide a submission or a verifier's report."""
    match command:
        case c.Submit():
            _submit(course, command)
        case c.ReportGate():
            _report(course, command)
        case c.ReportBase():
            report_base(course, command)
        case _:
            assert_never(command)


def _submit(course: DecisionBuilder, command: c.Submit) -> None:
    check_holder(course.task, command.agent, command.epoch)
    before, submission = course.task.submission, command.submission
    running = course.task.reason is Reason.GATES_RUNNING
    if running and before is not None and _same_work(before, submission):
        return
    _check_not_rejected(course.task, submission)
    if course.step.review_gates:
        _check_review(course, submission)
    answered = (
        course.step.fan_out is None and before is not None and _same_work(before, submission) and _is_answered(course)
    )
    course.record(e.Submitted(submission, command.agent))
    if answered:
        settle_gates(course)
    elif course.step.machine_gates and course.step.fan_out is None:
        request_gates(course)
    else:
        advance(course)


def _check_not_rejected(task: Task, submission: Submission) -> None:
    """Refuse a submission that equals the one that a person just rejected."""
    last = next((d for d in reversed(task.decisions) if d.answer is DecisionKind.REJECT), None)
    if (
        last is not None
        and task.submission is not None
        and last.head == submission.head
        and _same_work(task.submission, submission)
    ):
        refuse(
            f"{submission.head[:12]} was rejected by {last.by}: {last.reason}",
            Exit.REDO,
            "mend it, git commit, then: onloop submit",
        )


def _check_review(course: DecisionBuilder, submission: Submission) -> None:
    """Refuse a reviewer's own work, and a submission where only a judgement is asked for."""
    before = course.task.submission
    if before is not None and before.head != submission.head:
        judged = before.head[:12]
        refuse(
            f"{submission.head[:12]} is not {judged}, which {course.step.id} reviews; reviewers change nothing",
            Exit.REDO,
            f"git reset --hard {judged}, then: onloop review pass|fail --reason …",
        )
    if not course.step.machine_gates:
        refuse(f"{course.step.id} needs a review, not a submission", Exit.REDO, "onloop review pass|fail --reason …")


def _same_work(before: Submission, submission: Submission) -> bool:
    return (before.head, before.base, before.artefacts) == (submission.head, submission.base, submission.artefacts)


def _is_answered(course: DecisionBuilder) -> bool:
    """Whether every gate of the step has answered on this commit, so that asking again could only fish for a pass.

    An error does not count as an answer.
    """
    found = [course.task.found(course.step.id, gate.id) for gate in course.step.machine_gates]
    return bool(found) and all(f is not None and f.verdict is not Verdict.ERROR for f in found)


def _report(course: DecisionBuilder, command: c.ReportGate) -> None:
    task, told = course.task, command.evidence
    evidence = replace(told, step=task.step or "")
    if evidence.gate not in task.awaited or told.step not in {"", evidence.step}:
        refuse(f"{task.id} is not waiting for gate {evidence.gate}", Exit.NOTHING, "discard the report")
    asked_at = task.submission.at if task.submission else None
    if not task.is_current(evidence) or command.asked_at not in {None, asked_at}:
        raise Stale(
            f"evidence for {evidence.gate} of {task.id} is about {evidence.head[:12]}, not about {_head(task)}",
            hint="discard the report",
        )
    course.record(e.GateReported(evidence))
    if not course.task.awaited:
        settle_gates(course)


def _head(task: Task) -> str:
    return task.submission.head[:12] if task.submission else "none"
