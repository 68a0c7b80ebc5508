"""A reviewing agent's pass or fail: what it does to the task."""

from __future__ import annotations

from onloop.errors import Exit, NotAllowed
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import ReviewGate
from onloop.machine.rules.bypass_standing import is_bypassed
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder, check_length, refuse
from onloop.machine.rules.independence import is_independent, judged, worked_before
from onloop.machine.rules.lesson_telling import struck_reviews, tell_lessons
from onloop.machine.rules.progress import advance, enter
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Independence, Judgement


def apply(course: DecisionBuilder, command: c.Judge) -> None:
    """Record the judgement. Once all reviews are in, continue, send the work back, or ask a person."""
    check_holder(course.task, command.agent, command.epoch)
    gate = _gate(course, command)
    _check_antagonist(course, command)
    task, submission = course.task, course.task.submission
    if submission is None:
        refuse(
            f"{task.id} has no submission that {course.step.id} could review", Exit.NOTHING, f"onloop show {task.id}"
        )
    unmet = [
        g.id
        for g in course.step.machine_gates
        if not (task.passed(course.step.id, g.id) or is_bypassed(task, course.step, g, course.facts.voters))
    ]
    if unmet:
        refuse(f"{', '.join(unmet)} of {course.step.id} is unmet", Exit.NOT_YET, "onloop submit, then: onloop review")
    course.record(
        e.Judged(
            Judgement(
                step=course.step.id,
                gate=gate.id,
                passes=command.passes,
                reason=command.reason.strip(),
                by=command.agent,
                at=course.now,
                head=submission.head,
                base=submission.base,
                definition=task.definition,
                visit=task.visits.get(course.step.id, 0),
                independence=Independence.YES if is_independent(task, course.step) else Independence.NOT,
            )
        )
    )
    course.end_lease("judged")
    _settle(course, gate)


def _gate(course: DecisionBuilder, command: c.Judge) -> ReviewGate:
    if not course.step.review_gates:
        refuse(f"{course.step.id} does not ask for a review", Exit.USAGE, "onloop submit starts its gates")
    if not command.reason.strip():
        refuse("a reason is needed, and none was given", Exit.USAGE, 'onloop review pass --reason "…"')
    check_length(command.reason, "a reason")
    return course.step.review_gates[0]


def _check_antagonist(course: DecisionBuilder, command: c.Judge) -> None:
    before = worked_before(course.task, course.step, command.agent)
    if before is not None:
        raise NotAllowed(f"{command.agent} worked on {before} of {course.task.id}", hint="another agent must review it")
    authors = course.task.submission.authors if course.task.submission else ()
    if command.email and command.email.casefold() in {author.casefold() for author in authors}:
        raise NotAllowed(f"{command.email} wrote commits of {course.task.id}", hint="another agent must review it")


def _settle(course: DecisionBuilder, gate: ReviewGate) -> None:
    step, found = course.step, judged(course.task, course.step, gate)
    fails = [j for j in found if not j.passes]
    if len({j.by for j in found}) < gate.quorum:
        words = f"{len(found)} of {gate.quorum} reviews are in"
        course.record(e.Moved(State.SUBMITTED, Reason.READY, f"{words}; waits for another {step.role}"))
    elif not fails:
        advance(course)
    elif len(fails) < len(found):
        course.hold(
            Reason.CHOICE, "; ".join(f"{j.by} says {'pass' if j.passes else 'fail'}: {j.reason}" for j in found)
        )
    elif step.on_fail is None:
        course.hold(Reason.GATE_FAILED, "; ".join(j.reason for j in fails))
    else:
        words = "; ".join(j.reason for j in fails)
        who = ", ".join(j.by for j in fails)
        enter(course, course.definition.step(step.on_fail), Feedback("review", words, who, course.now))
        tell_lessons(course, step.id, struck_reviews(fails))
