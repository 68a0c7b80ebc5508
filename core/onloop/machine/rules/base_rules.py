"""The rules for what a verifier finds before an agent starts, and for going on although the base is red."""

from __future__ import annotations

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.base_facts import BaseCheck
from onloop.machine.definition import Step
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.rules.looking_first import checked_step, must_be_green, red_on_base, red_words
from onloop.machine.rules.progress import advance, start
from onloop.machine.state import Reason, State
from onloop.machine.task import Evidence, Submission, Task, Verdict, evidence_key


def report_base(course: DecisionBuilder, command: c.ReportBase) -> None:
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
        _settle(course, course.definition.step(evidence.step), check)


def _is_about(task: Task, evidence: Evidence) -> bool:
    """Whether evidence is about what an agent would begin with: the work so far, else any commit of the target."""
    work = task.submission
    if work is None:
        return evidence.head == evidence.base
    return (evidence.head, evidence.tree, evidence.base) == (work.head, work.tree, work.base)


def _settle(course: DecisionBuilder, step: Step, check: BaseCheck) -> None:
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
    base = Submission(found.head, found.tree, found.base, at=course.now) if is_first else None
    course.record(e.StepSkipped(step.id, base))
    work = course.task.submission
    definition = course.definition
    owed = any(later.role is not None and definition.owes_change(later.id) for later in definition.later(step.id))
    if work is not None and work.head == work.base and definition.owes_change(step.id) and not owed:
        words = f"nothing to do: the gates of {step.id} pass on {found.head[:12]} already"
        course.end(State.COMPLETED, words)
    else:
        advance(course)


def accept_red_base(course: DecisionBuilder, person: str) -> None:
    """Record that a person goes on although gates fail on the base. What gave no verdict there cannot be compared."""
    task, step = course.task, checked_step(course.definition)
    red = red_on_base(course.definition, task)
    if step is None or not red or task.reason is not Reason.GATE_FAILED:
        refuse(f"nothing is red on the base of {task.id}", Exit.NOTHING, f"onloop retry {task.id}")
    unknown = [found.gate for found in red if found.verdict is not Verdict.FAIL]
    if unknown:
        refuse(
            f"{', '.join(unknown)} gave no verdict on the base, so nothing can be no worse",
            Exit.HELD,
            f"mend the workflow: onloop amend {task.id} --workflow FILE",
        )
    course.record(e.BaseAccepted(step.id, person, tuple(found.gate for found in red)))


def check_not_red(course: DecisionBuilder) -> None:
    """Refuse to hand out a task whose base is red before a person has said how to go on."""
    task = course.task
    if must_be_green(task) and red_on_base(course.definition, task):
        refuse(
            f"{task.id} is red on its base, so no agent starts",
            Exit.HELD,
            f"onloop retry {task.id} --no-worse-than-base, or onloop amend {task.id} --workflow FILE",
        )
