"""Taking a decision back: while neither its effect nor a later step has begun, and who may do so."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NoReturn

from onloop.errors import Exit, NotAllowed
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Assurance, Definition, HumanGate
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.rules.freshness import decided_words, deed_words, told_since
from onloop.machine.rules.people.entitlement import Electorate, standing
from onloop.machine.rules.people.proofs import check_level
from onloop.machine.state import Reason, State
from onloop.machine.taken_back import Stood
from onloop.machine.task import Decision, DecisionKind, Kind, Request, Task
from onloop.records import fields_of, replace


class Taker(Enum):
    """Who may take a decision back."""

    WHO_DECIDED = "whoever made it, or in whose place it was made"
    WHO_MAY_DECIDE = "whoever made it, and whoever may decide the same"


TAKERS: Mapping[DecisionKind, Taker] = {
    DecisionKind.APPROVE: Taker.WHO_MAY_DECIDE,
    DecisionKind.REJECT: Taker.WHO_DECIDED,
    DecisionKind.ANSWER: Taker.WHO_DECIDED,
}
"""What may be taken back, and by whom; everything else has a command that does the opposite.

A yes of another is only held up by it. A no, or an answer, that another could undo would be no more than their yes.
"""

_INSTEAD = {
    DecisionKind.RETRY: "onloop pause {task} stops it again",
    DecisionKind.REASSIGN: "onloop reassign {task} --to WHO gives it to somebody else",
    DecisionKind.CANCEL: "onloop start begins it anew",
    DecisionKind.OVERRIDE: "onloop pause {task} stops it",
}
_MOVES_ON = frozenset({"version", "updated_at", "effects"})
"""What is never as it was: counters, which name things once."""


def take_back(course: DecisionBuilder, command: c.TakeBack) -> None:
    """Take back the person's own vote on an open request, else the newest decision of the task."""
    task, person = course.task, command.voice.person
    vote = own_vote(task, person)
    if vote is not None:
        request = task.request(vote.request)
        if request is not None:
            check_level(task, request, _demanded(request), command.voice, course.facts.signed)
        course.record(e.TakenBack(vote.request, vote.by, vote.at, person))
        return
    decision = _meant(course, person)
    _check_no_vote(course, decision)
    _check_no_wave(course, decision)
    stood = course.facts.untold
    if stood is None:
        _refuse_late(course, decision)
    _check_may(course, stood, decision, command.voice)
    course.record(e.TakenBack(decision.request, decision.by, decision.at, person, stood_of(stood)))
    if not _is_as(course.task, stood):
        refuse(
            f"{decided_words(decision, course.now)}, and more has followed from it than can be taken back",
            Exit.HELD,
            f"onloop pause {task.id} stops it where it is",
        )


def meant(task: Task, person: str) -> Decision | None:
    """The decision that somebody would take back: their own of this approval, else the newest; None without any."""
    vote = own_vote(task, person)
    if vote is not None or not task.decisions:
        return vote
    newest = task.decisions[-1]
    own = (each for each in reversed(task.decisions) if person in each.voices and are_beside(each, newest))
    return next(own, newest)


def are_beside(decision: Decision, other: Decision) -> bool:
    """Whether they are the same, or two approvals of one thing: of different gates, or of one that asks several."""
    if DecisionKind.APPROVE not in {decision.answer, other.answer} or decision.answer is not other.answer:
        return decision == other
    return _about(decision) == _about(other)


def _about(decision: Decision) -> tuple[object, ...]:
    return decision.step, decision.visit, decision.head, decision.base, decision.definition


def own_vote(task: Task, person: str) -> Decision | None:
    """The person's vote on a request that is still open."""
    still_open = {request.id for request in task.requests}
    return next((d for d in reversed(task.decisions) if d.request in still_open and person in d.voices), None)


def stood_of(task: Task) -> Stood:
    """What a decision changes of a task, as it stands."""
    return Stood(**{name: getattr(task, name) for name in fields_of(Stood)})


def may_follow(task: Task) -> bool:
    """Whether nothing has begun where the task stands now: nobody holds it, no verifier and no effect is at work."""
    if task.kind is not Kind.WORK or task.holder is not None or task.awaited or task.ended:
        return False
    if task.state is State.WORKING:
        is_intended = task.effect is not None and task.effect.expected is not None
        return task.reason is Reason.SCHEDULED or (task.reason is Reason.EFFECT_RUNNING and not is_intended)
    return task.state in {State.SUBMITTED, State.INPUT_REQUIRED}


def takeable(task: Task) -> bool:
    """Whether somebody may take something back, as far as the task tells: a vote, or what moved it last."""
    still_open = {request.id for request in task.requests}
    if any(decision.request in still_open for decision in task.decisions):
        return True
    last = task.decisions[-1] if task.decisions else None
    if last is None or last.answer not in TAKERS or not may_follow(task):
        return False
    return task.since == last.at or (task.reason is Reason.APPROVAL_REQUIRED and _is_of_here(task, last))


def grace_left(definition: Definition, task: Task, now: int) -> int | None:
    """For how long (ms) the task waits so that its newest decision may be taken back; None where it does not."""
    if task.reason is not Reason.SCHEDULED or task.step is None or not task.decisions:
        return None
    step, last = definition.step(task.step), task.decisions[-1]
    is_of_here = (last.step, last.visit) == (step.id, task.visits.get(step.id, 0))
    return max(0, task.not_before - now) if step.wait_ms is None and is_of_here else None


def is_rejected(task: Task) -> bool:
    """Whether it waits before a rejection, which may still be taken back, sends it back."""
    last = task.decisions[-1] if task.decisions else None
    return last is not None and last.answer is DecisionKind.REJECT and _is_of_here(task, last)


def _is_of_here(task: Task, decision: Decision) -> bool:
    return (decision.step, decision.visit) == (task.step, task.visits.get(task.step or "", 0))


def _meant(course: DecisionBuilder, person: str) -> Decision:
    task, decision = course.task, meant(course.task, person)
    if decision is None:
        refuse(f"nobody has decided anything about {task.id}", Exit.NOTHING, f"onloop show {task.id}")
    if decision.answer not in TAKERS:
        hint = _INSTEAD.get(decision.answer, "onloop show {task}").format(task=task.id)
        refuse(f"{decided_words(decision, course.now)}, which is not taken back", Exit.USAGE, hint)
    return decision


def _check_no_vote(course: DecisionBuilder, decision: Decision) -> None:
    """Refuse for the vote of another on what is still asked: whoever disagrees with it rejects, and says why."""
    if course.task.request(decision.request) is not None:
        words = f"the vote of {decision.by} on {decision.request} is theirs to take back"
        raise NotAllowed(words, hint=f'onloop reject {course.task.id} --reason "…" says no to it')


def _check_no_wave(course: DecisionBuilder, decision: Decision) -> None:
    """Refuse for what was decided about a fleet: its tasks have moved by it, and a halt is lifted by its opposite."""
    task = course.task
    if task.kind is Kind.FLEET:
        has_approved = decision.answer is DecisionKind.APPROVE
        hint = f"onloop pause {task.id} stops it" if has_approved else f"onloop approve {task.id} lets it go on"
        refuse(f"{decided_words(decision, course.now)}, and its tasks stand by that: not taken back", Exit.HELD, hint)


def _check_may(course: DecisionBuilder, stood: Task, decision: Decision, voice: c.Voice) -> None:
    """Refuse who neither made the decision nor may make it, and a proof of too low a level."""
    request = stood.request(decision.request)
    if request is None:
        _refuse_late(course, decision)
    among = Electorate(course.facts.people, course.facts.delegations)
    if not (voice.person in decision.voices and voice.person in course.facts.people):
        said = f"{voice.person} may not take back what {decision.who} decided"
        if TAKERS[decision.answer] is Taker.WHO_DECIDED:
            said = f"{said}: {deed_words(decision)}, and only they take that back"
            raise NotAllowed(
                said, hint=f'onloop note {course.task.id} "…" says what you think; the next round asks again'
            )
        if standing(stood, request, _gate(course.definition, request), among, voice.person) is None:
            raise NotAllowed(said, hint=f"it is for {', '.join(request.approvers) or 'an enrolled person'}")
    check_level(stood, request, _demanded(request), voice, course.facts.signed)


def _demanded(request: Request) -> Assurance:
    """As for the decision; but no security key is touched for taking it back, which lets nothing pass."""
    return Assurance.A2 if request.assurance is Assurance.A3 else request.assurance


def _gate(definition: Definition, request: Request) -> HumanGate | None:
    if request.gate is None:
        return None
    gates = definition.step(request.step).human_gates
    return next((gate for gate in gates if gate.id == request.gate), HumanGate(request.gate, request.approvers))


def _refuse_late(course: DecisionBuilder, decision: Decision) -> NoReturn:
    task = course.task
    told = told_since(task, course.facts.since, course.now)
    refuse(
        f"{decided_words(decision, course.now)}, and something has begun since: {told}",
        Exit.HELD,
        f"onloop pause {task.id} stops it where it is; onloop note or reassign reach whoever works on it",
    )


def _is_as(task: Task, stood: Task) -> bool:
    """Whether nothing is left of the decision."""
    same = {name: getattr(task, name) for name in _MOVES_ON}
    return replace(stood, **same) == task
