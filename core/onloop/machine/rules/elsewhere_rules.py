"""The rules for work that is made elsewhere, and for what comes back from there."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.elsewhere import EndElsewhere, FeedbackKind, Hear, PlaceEnd
from onloop.machine.rules.decision_builder import DecisionBuilder, check_target_at_rest, check_words, refuse
from onloop.machine.rules.progress import advance, enter, request_gates, send_back, unmet_before
from onloop.machine.rules.submissions import check_not_rejected
from onloop.machine.rules.waiting_elsewhere import TOLD_NOTHING, is_put_to_people, is_unheard, wait_for_push
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Kind
from onloop.machine.way import way_to
from onloop.machine.work_elsewhere import WorkPlace

_NOT_NOW = frozenset({State.PAUSED})


def apply(course: DecisionBuilder, command: c.OfElsewhere) -> None:
    """Decide what an integration brings."""
    match command:
        case c.Follow(source):
            _follow(course, source)
        case c.Adopt():
            _adopt(course, command)
        case c.Hear():
            _hear(course, command)
        case c.EndElsewhere():
            _end(course, command)
        case _:
            assert_never(command)


# -- work


def _follow(course: DecisionBuilder, source: WorkPlace) -> None:
    """Wait for what is made there. Work that was handed in before stays until other work comes."""
    if course.task.elsewhere == source:
        return
    _check_may_adopt(course, source)
    course.close_requests("its work is made elsewhere")
    course.end_lease("its work is made elsewhere")
    course.record(e.Adopted(source))
    if course.task.step != source.step:
        why = f"its work is made at {source.words}"
        enter(course, course.definition.step(source.step), Feedback("push", why, "gateway", course.now))
    else:
        wait_for_push(course, source, f"its work is made at {source.words}")


def _adopt(course: DecisionBuilder, command: c.Adopt) -> None:
    """Take a commit as the task's submission. The same one again does nothing; a new one makes what was found stale."""
    source = command.source or course.task.elsewhere
    if source is None:
        refuse(f"{course.task.id} has its work here", Exit.USAGE, f"onloop adopt {course.task.id} --branch NAME")
    _check_may_adopt(course, source)
    check_not_rejected(course.task, command.submission)
    known, task = course.task.submission, course.task
    is_same = known is not None and (known.head, known.base) == (command.submission.head, command.submission.base)
    if is_same and task.elsewhere == source and task.reason is not Reason.ELSEWHERE:
        return
    if is_put_to_people(task):
        refuse(f"{task.id} waits for its people: {task.detail}", Exit.HELD, f"onloop show {task.id}")
    course.close_requests("new work came")
    course.end_lease("new work came")
    if task.elsewhere != source:
        course.record(e.Adopted(source, command.by))
    if task.step != source.step:
        why = f"{source.words} has new work: {command.submission.head[:12]}"
        enter(course, course.definition.step(source.step), Feedback("push", why, command.by, course.now))
    is_held = course.task.state is State.INPUT_REQUIRED and bool(course.task.requests)
    course.record(e.Submitted(command.submission, command.by))
    if not is_held:
        _look_at(course)


def _look_at(course: DecisionBuilder) -> None:
    if course.step.machine_gates:
        request_gates(course)
    else:
        advance(course)


def _check_may_adopt(course: DecisionBuilder, source: WorkPlace) -> None:
    task = course.task
    if task.holder is not None and task.step == source.step:  # a reviewer's lease ends with what it reviews
        hint = f"onloop release, or a person: onloop reassign {task.id}"
        refuse(f"{task.id} is held by {task.holder}", Exit.NOT_YOURS, hint)
    if task.kind is not Kind.WORK or task.state in _NOT_NOW:
        refuse(f"{task.id} is {task.state.value}, and takes no work", Exit.HELD, f"onloop resume {task.id}")
    check_target_at_rest(task)
    step = next((each for each in course.definition.steps if each.id == source.step), None)
    if step is None or step.role is None or step.fan_out is not None:
        refuse(f"{source.step} of {task.id} takes no agent's work", Exit.USAGE, f"onloop show {task.id}")
    if task.step != step.id and step not in way_to(course.definition, task):
        refuse(f"{task.id} is not yet at {step.id}, but at {task.step}", Exit.NOT_YET, f"onloop show {task.id}")


# -- what comes back


def _hear(course: DecisionBuilder, command: Hear) -> None:
    task = course.task
    if command.key in task.heard:
        return
    check_words(command.text, "a reason", "say what must change")
    now = task.submission.head if task.submission is not None else ""
    if command.head and command.head != now:
        raise Stale(f"{command.key} is about {command.head[:12]}, not about {now[:12]}", hint="discard it")
    check_target_at_rest(task)
    back = Feedback(command.kind.value, command.text, command.author, course.now)
    is_kept = command.author == command.by and is_put_to_people(task)  # no program takes a question back
    if task.state is State.PAUSED or task.holder is not None or task.state is State.SUBMITTED or is_kept:
        course.record(e.FeedbackTaken(command.key, command.by, back))  # whoever works on it, or will, reads it
        return
    course.record(e.FeedbackTaken(command.key, command.by))
    course.close_requests("feedback came")
    _return_for(course, command, back)


def _return_for(course: DecisionBuilder, command: Hear, back: Feedback) -> None:
    """To the agent of the step, else to where a rejection goes; a person is asked where that is nowhere."""
    words = _heard_words(command)
    if course.step.role is not None and not course.step.review_gates:
        send_back(course, words, (back,))
        return
    target = course.definition.reject_target(course.step.id, way_to(course.definition, course.task))
    if target is None:
        course.hold(Reason.CHOICE, words)
    else:
        enter(course, target, back)


def _heard_words(command: Hear) -> str:
    said = {
        FeedbackKind.CHANGES_REQUESTED: f"{command.author} requested changes",
        FeedbackKind.COMMENT: f"{command.author} asked for a change",
        FeedbackKind.CHECKS: "checks failed outside",
        FeedbackKind.CONFLICT: "it conflicts with its target",
    }
    return f"{said[command.kind]}: {' '.join(command.text.split())[:300]}"


# -- how it ended there


def _end(course: DecisionBuilder, command: EndElsewhere) -> None:
    if course.task.state in _NOT_NOW:
        refuse(f"{course.task.id} is paused", Exit.HELD, f"onloop resume {course.task.id}")
    check_target_at_rest(course.task)
    match command.outcome:
        case PlaceEnd.CLOSED:
            course.end(State.CANCELED, command.detail)
        case PlaceEnd.MERGED:
            _merged(course, command)
        case PlaceEnd.LOST:
            _lost(course, command)
        case PlaceEnd.UNHEARD:
            _ask_for_them(course)
        case _:
            assert_never(command.outcome)


def _merged(course: DecisionBuilder, command: EndElsewhere) -> None:
    """Done where everything that must vouch for exactly that commit does; else a person is asked what to make of it."""
    task = course.task
    if task.reason is Reason.CHOICE and command.detail in task.detail:
        return
    is_ours = task.submission is not None and command.head == task.submission.head
    is_there = command.into in {"", task.target}
    if is_ours and is_there and _is_vouched_for(course):
        course.end(State.COMPLETED, command.detail)
        return
    course.close_requests("merged elsewhere")
    words = "before its gates allowed it" if is_ours else f"with {command.head[:12]}, which was not handed in here"
    if not is_there:
        words = f"into {command.into}, not into {task.target}"
    course.hold(Reason.CHOICE, f"{command.detail}, {words}")


def _is_vouched_for(course: DecisionBuilder) -> bool:
    return course.step.effect is not None and not unmet_before(course)


def _lost(course: DecisionBuilder, command: EndElsewhere) -> None:
    task = course.task
    if task.elsewhere is None:
        return
    if not task.elsewhere.lost:
        course.record(e.WorkLost(command.detail, command.by))
    if task.reason is Reason.ELSEWHERE:
        course.hold(Reason.CHOICE, f"{task.elsewhere.words} is not there any more: {command.detail}")


def _ask_for_them(course: DecisionBuilder) -> None:
    """Ask a person to pass on what came back, or to have the work done here."""
    place, back = course.task.elsewhere, course.task.feedback[-1:]
    if place is not None and is_unheard(course.task):
        told = " ".join(back[0].text.split())[:300]
        course.hold(Reason.CHOICE, f"{told}; {place.words} {TOLD_NOTHING}")
