"""The rules for a submission, and for what a verifier reports on it, or before an agent starts."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.base_facts import BaseCheck
from onloop.machine.change_facts import ChangeFacts
from onloop.machine.definition import Step
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder, refuse
from onloop.machine.rules.looking_first import must_be_green, red_on_base, red_words
from onloop.machine.rules.progress import advance, request_gates, settle_gates, start
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, Evidence, Submission, Task, Verdict, evidence_key
from onloop.records import replace


def apply(course: DecisionBuilder, command: c.Submit | c.ReportGate | c.ReportBase) -> None:
    """Decide a submission or a verifier's report."""
    match command:
        case c.Submit():
            _submit(course, command)
        case c.ReportGate():
            _report(course, command)
        case c.ReportBase():
            _report_base(course, command)
        case _:
            assert_never(command)


def _submit(course: DecisionBuilder, command: c.Submit) -> None:
    check_holder(course.task, command.agent, command.epoch)
    before, submission = course.task.submission, command.submission
    running = course.task.is_verifying
    if running and before is not None and _same_work(before, submission):
        return
    check_not_rejected(course.task, submission)
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


def check_not_rejected(task: Task, submission: Submission) -> None:
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


def _report_base(course: DecisionBuilder, command: c.ReportBase) -> None:
    """Record what a gate found before an agent starts; after the last: go on, skip the step, or ask a person."""
    task, evidence = course.task, command.evidence
    check = task.base_checks.get(evidence.step)
    if check is None or evidence.gate not in check.awaited or command.number != check.number:
        refuse(f"{task.id} is not waiting for gate {evidence.gate} on the base", Exit.NOTHING, "discard the report")
    if evidence.definition != task.definition or not _is_about(task, evidence):
        raise Stale(
            f"evidence for {evidence.gate} of {task.id} is about {evidence.head[:12]} under another workflow or commit",
            hint="discard the report",
        )
    course.record(e.BaseReported(evidence))
    check = course.task.base_checks[evidence.step]
    if not check.awaited:
        _settle_base(course, course.definition.step(evidence.step), check)


def _is_about(task: Task, evidence: Evidence) -> bool:
    """Whether evidence is about what an agent would begin with: the work so far, else any commit of the target."""
    work = task.submission
    if work is None:
        return evidence.head == evidence.base
    return (evidence.head, evidence.tree, evidence.base) == (work.head, work.tree, work.base)


def _settle_base(course: DecisionBuilder, step: Step, check: BaseCheck) -> None:
    found = [course.task.base_evidence[evidence_key(step.id, gate)] for gate in check.gates]
    about = {(each.head, each.tree, each.base) for each in found}
    is_met = all(each.verdict is Verdict.PASS for each in found) and len(about) == 1
    red = red_on_base(course.definition, course.task)
    if step.skip is not None and step.id == course.step.id and is_met:
        _skip(course, step, found[0])
    elif red and must_be_green(course.task):
        course.hold(Reason.GATE_FAILED, red_words(red))
    else:
        start(course)


def _skip(course: DecisionBuilder, step: Step, found: Evidence) -> None:
    """Leave the step without an agent. Where nothing is left to change, the task is done."""
    is_first = course.task.submission is None
    base = Submission(found.head, found.tree, found.base, at=course.now, facts=ChangeFacts()) if is_first else None
    course.record(e.StepSkipped(step.id, base))
    work = course.task.submission
    definition = course.definition
    owed = any(later.role is not None and definition.owes_change(later.id) for later in definition.later(step.id))
    if work is not None and work.head == work.base and definition.owes_change(step.id) and not owed:
        words = f"nothing to do: the gates of {step.id} pass on {found.head[:12]} already"
        course.end(State.COMPLETED, words)
    else:
        advance(course)
