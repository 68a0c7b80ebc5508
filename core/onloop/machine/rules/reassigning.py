"""Whose work, or whose request, it is from now on: what people say about that, and what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from onloop.errors import BadInput, Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.agent_names import check_agent
from onloop.machine.people import GROUP, PERSON, is_person, name_of
from onloop.machine.rules.decision_builder import DecisionBuilder, check_enrolled, check_length, check_words, refuse
from onloop.machine.rules.human_decisions import open_request, spend_requests, standing_in
from onloop.machine.rules.independence import barred, opposite, same_hand
from onloop.machine.rules.people.entitlement import said_already
from onloop.machine.rules.progress import held_words
from onloop.machine.rules.putting_right import check_not_red
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, Feedback, Handed, Request, RequestKind

_ANY_KIND = frozenset(RequestKind)


def apply(course: DecisionBuilder, command: c.Reassign | c.OfHands) -> None:
    """Decide a command about whose something is."""
    match command:
        case c.Reassign():
            _reassign(course, command)
        case c.HandOn():
            _hand_on(course, command)
        case c.Take():
            _take(course, command)
        case _:
            assert_never(command)


def _reassign(course: DecisionBuilder, command: c.Reassign) -> None:
    check_words(command.reason, "a reason", f'onloop reassign {course.task.id} --to WHO --reason "…"')
    check_words(command.to, "a new owner", f'onloop reassign {course.task.id} --to WHO --reason "…"')
    check_enrolled(course, command.voice.person)
    _check_is_work(course)
    _check_new_owner(course, command.to)
    _give(course, command.to, command.voice, command.reason)
    if held := held_words(course):
        course.record(e.Moved(State.SUBMITTED, Reason.WAVE_HELD, held))
    else:
        course.record(e.Moved(State.SUBMITTED, Reason.READY, f"waits for {command.to}"))


def _give(course: DecisionBuilder, to: str, voice: c.Voice, reason: str) -> None:
    spend_requests(course, DecisionKind.REASSIGN, voice, reason)
    course.end_lease("reassigned")
    course.record(e.Reassigned(to, voice.person))
    course.record(e.CountersReset(Feedback("handoff", reason, voice.person, course.now)))


def _check_is_work(course: DecisionBuilder) -> None:
    """Refuse where no agent or person could go on with the step now."""
    task = course.task
    if task.state is State.PAUSED:
        refuse(f"{task.id} is paused: {task.detail}", Exit.HELD, f"onloop resume {task.id} first, then reassign it")
    asked = [r for r in task.requests if r.kind is RequestKind.APPROVAL]
    if course.step.role is None or asked:
        hand_on = f", and onloop reassign {task.id} --to human:NAME hands the approval on" if asked else ""
        refuse(
            f"{task.id} is at {course.step.id}, which no agent can take over",
            Exit.HELD,
            f'onloop reject {task.id} --reason "…" returns it to an agent{hand_on}',
        )
    if task.waits_to_begin:
        words = f"{task.id} waits for {', '.join(task.after)} before it begins"
        refuse(words, Exit.HELD, f"onloop retry {task.id} begins without a lost one; else wait for them")
    check_not_red(course)


def _check_new_owner(course: DecisionBuilder, owner: str) -> None:
    """Refuse a new owner that nobody is called, or that may not take the step."""
    roles = dict.fromkeys(step.role for step in course.definition.steps if step.role)
    known = f"use --to agent:NAME, human:NAME, group:NAME, or a role: {', '.join(roles) or 'it has none'}"
    if owner.startswith("agent:"):
        try:
            check_agent(owner)
        except BadInput as problem:
            refuse(problem.message, Exit.USAGE, known)
    elif owner.startswith((PERSON, GROUP)):
        _check_known(course, owner)
        _check_no_review(course, owner)
    elif owner not in roles:
        refuse(
            f"{owner!r} is neither an agent, nor a person or group, nor a role of {course.task.workflow}",
            Exit.USAGE,
            known,
        )
    bar = barred(course.task, course.step, owner) if owner.startswith(("agent:", PERSON)) else ""
    if bar:
        refuse(f"{owner} may not take this step: {bar}", Exit.USAGE, known)


def _check_known(course: DecisionBuilder, owner: str) -> None:
    """Refuse a person who is not enrolled, and a group that nobody is in."""
    if not list(_members(course, owner)):
        known = sorted(name_of(person) for person in course.facts.people)
        groups = sorted({group for groups in course.facts.people.values() for group in groups})
        told = f"enrolled: {', '.join(known) or 'nobody'}; groups: {', '.join(groups) or 'none'}"
        what = "is not enrolled" if is_person(owner) else "has no member"
        refuse(f"{owner} {what}", Exit.USAGE, told)


def _members(course: DecisionBuilder, owner: str) -> Iterator[str]:
    """The people that a person's or a group's id stands for."""
    if is_person(owner):
        yield from (owner,) if owner in course.facts.people else ()
        return
    yield from (who for who, groups in course.facts.people.items() if name_of(owner) in groups)


def _check_no_review(course: DecisionBuilder, owner: str) -> None:
    """Refuse a person as a reviewer: judgements are agents', and people decide at gates of their own."""
    if course.step.review_gates:
        refuse(
            f"{owner} may not take {course.step.id}, where an agent judges the work",
            Exit.USAGE,
            "use --to agent:NAME or a role; a person decides at a `human` gate",
        )


def _take(course: DecisionBuilder, command: c.Take) -> None:
    task, step, person = course.task, course.step, command.voice.person
    check_length(command.reason, "a reason")
    check_enrolled(course, person)
    _check_is_work(course)
    if held := held_words(course):
        refuse(f"{task.id} may not begin: {held}", Exit.NOTHING, f"onloop fleet show {task.run} says how it stands")
    if task.holder is None and not course.facts.slot_free:
        refuse(f"{task.id} has no free slot: its fleet reached its limit", Exit.NOTHING, "wait, then take it again")
    _check_new_owner(course, person)
    same = same_hand(task, step, opposite(course.definition, step), command.hand, apart=command.apart)
    if same:
        refuse(same, Exit.NOT_YOURS, "another person or agent must take it")
    _give(course, person, command.voice, command.reason or f"{person} takes the work")
    role = step.role or ""
    tried = course.task.tries + 1
    course.record(e.Claimed(person, role, course.task.epoch + 1, tried, person, command.hand))
    course.record(e.Moved(State.WORKING, None, f"{person} works on {step.id}"))


def _hand_on(course: DecisionBuilder, command: c.HandOn) -> None:
    person, task = command.voice.person, course.task
    check_words(command.reason, "a reason", f'onloop reassign {task.id} --to {command.to or "WHO"} --reason "…"')
    check_enrolled(course, person)
    request = open_request(course, command.request, _ANY_KIND)
    if not command.to.startswith((PERSON, GROUP)):
        refuse(
            f"{command.to!r} is neither a person nor a group, and {request.id} is for people to answer",
            Exit.USAGE,
            "use --to human:NAME or --to group:NAME",
        )
    _check_known(course, command.to)
    able = [who for who in _members(course, command.to) if _may_answer(course, request, who)]
    if not able:
        others = sorted(name_of(who) for who in course.facts.people if _may_answer(course, request, who))
        whose = ", ".join(request.approvers) or "an enrolled person"
        hint = f"it is for {whose}; who may: {', '.join(others) or 'nobody'}"
        refuse(f"{command.to} may not decide {request.id}", Exit.USAGE, hint)
    course.record(e.HandedOn(request.id, Handed(command.to, person, command.reason, course.now)))


def _may_answer(course: DecisionBuilder, request: Request, person: str) -> bool:
    """Whether the person may decide the request, and has not spoken already."""
    found = standing_in(course, request, person)
    spoken = said_already(course.task, request)
    return found is not None and not spoken & {person, found.behalf or person}
