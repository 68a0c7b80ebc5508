"""Who may decide what is asked, as themselves or in another's place, and whose approvals count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onloop.machine.definition import HumanGate, Step
from onloop.machine.people import Delegated
from onloop.machine.rules.flagging import is_under_pin
from onloop.machine.task import Decision, DecisionKind, Request, Task
from onloop.records import Record

People = Mapping[str, tuple[str, ...]]
"""Everyone enrolled, as principal ids, with their groups."""


def may_decide(person: str, groups: tuple[str, ...] | None, entitled: tuple[str, ...]) -> bool:
    """Whether an enrolled person is among `entitled` (names and groups); nobody enrolled has `groups` None."""
    if groups is None:
        return False
    return not entitled or person.removeprefix("human:") in entitled or bool(set(groups) & set(entitled))


def did_the_work(task: Task, person: str) -> bool:
    """Whether the person held the task at any step: whoever is its author decides nothing about it."""
    return any(person in held for held in task.workers.values())


def bars_amender(task: Task, gate: HumanGate | None, person: str) -> bool:
    """Whether the person amended the workflow of this run, and so does not count for the gate.

    Where the workflow before said so, that holds whatever the new one says.
    """
    return any(
        amendment.by == person and (amendment.bars or (gate is not None and gate.not_by_amender))
        for amendment in task.amendments
    )


class Standing(Record):
    """In what right a person may decide a request: their own, or in the place of `behalf`."""

    behalf: str = ""


class Electorate(Record):
    """Everyone enrolled, and the delegations that hold now."""

    people: People
    delegations: tuple[Delegated, ...] = ()


def standing(task: Task, request: Request, gate: HumanGate | None, among: Electorate, person: str) -> Standing | None:
    """The right in which a person may decide; None where they have none. `gate` is the one that asks for an approval.

    Their own comes first. A delegation carries only what its maker may do themselves, is not passed on, and is worth
    nothing to the author of the work, or for its author.
    """
    if person not in among.people or is_barred(task, gate, person):
        return None
    if may_decide(person, among.people[person], request.approvers):
        return Standing()
    spoken = said_already(task, request)
    lent = [
        each.by
        for each in among.delegations
        if each.to == person
        and each.covers(request)
        and not is_barred(task, gate, each.by)
        and may_decide(each.by, _groups_used(each, among.people), request.approvers)
    ]
    return next((Standing(by) for by in sorted(lent, key=lambda by: by in spoken)), None)


def _groups_used(delegated: Delegated, people: People) -> tuple[str, ...] | None:
    """The groups in whose name a delegation speaks; None where its maker is not in the one that it names."""
    groups = people.get(delegated.by)
    if groups is None or not delegated.group:
        return groups
    return (delegated.group,) if delegated.group in groups else None


def is_barred(task: Task, gate: HumanGate | None, person: str) -> bool:
    """Whether the person did the work, or amended its workflow where `gate`, which asks for an approval, minds."""
    return did_the_work(task, person) or (gate is not None and bars_amender(task, gate, person))


def said_already(task: Task, request: Request) -> frozenset[str]:
    """Everyone whose voice is spent on the request: who decided it, and in whose place."""
    return frozenset(who for d in task.decisions if d.request == request.id for who in d.voices)


def is_approved(task: Task, step: Step, gate: HumanGate, people: People) -> bool:
    """Whether enough people whose word counts now have approved what counts now; absence is no."""
    return counted_voices(valid_approvals(task, step, gate, people)) >= gate.quorum


def counted_voices(decisions: Iterable[Decision]) -> int:
    """How many different people have spoken; nobody counts twice, neither as themselves nor in another's place."""
    spoken, count = set[str](), 0
    for decision in decisions:
        count += spoken.isdisjoint(decision.voices)
        spoken |= decision.voices
    return count


def valid_approvals(task: Task, step: Step, gate: HumanGate, people: People) -> tuple[Decision, ...]:
    """The approvals of `gate` that count: this visit, this commit and base, and a person still entitled."""
    head, base = (task.submission.head, task.submission.base) if task.submission else ("", "")
    return tuple(
        d
        for d in task.decisions
        if d.answer is DecisionKind.APPROVE
        and (d.step, d.gate, d.visit) == (step.id, gate.id, task.visits.get(step.id, 0))
        and (d.head, d.base) == (head, base)
        and is_under_pin(task, d)
        and counts(task, gate, d, people)
    )


def counts(task: Task, gate: HumanGate, decision: Decision, people: People) -> bool:
    """Whether a decision is still worth something: who made it, and in whose right, may decide, and was no author."""
    entitled = (*gate.approvers, *(gate.escalate.to if gate.escalate else ()))
    right = decision.counts_as
    return (
        decision.assurance.reaches(gate.assurance)
        and decision.by in people
        and may_decide(right, people.get(right), entitled)
        and not any(is_barred(task, gate, who) for who in decision.voices)
    )
