"""Builds policies from checked files: gates of a workflow, and those of the organization."""

from __future__ import annotations

from onloop.machine import definition as d
from onloop.machine.organization_policies import PolicyOverride
from onloop.policies.cel_rules import reads_of
from onloop.workflow import model as m

_OF_THE_WORK = ("change", "evidence")
_OF_PEOPLE = ("people", "history.approvals")


def policy_gate(gate_id: str, given: m.PolicyPart) -> d.PolicyGate:
    """The gate of a workflow file."""
    outcome, approvers, quorum = denial(given.rule, given.on_deny)
    return d.PolicyGate(
        id=gate_id,
        rule=given.rule,
        explain=given.explain,
        on_deny=outcome,
        approvers=approvers,
        quorum=quorum,
        late=reads_people(given.rule),
    )


def policy_of(given: m.PolicyFile) -> d.Policy:
    """The policy of the organization that a file says."""
    outcome, approvers, quorum = denial(given.rule, given.on_deny)
    return d.Policy(
        name=given.policy,
        rule=given.rule,
        at=tuple(given.at),
        explain=given.explain,
        mode=d.PolicyMode(given.mode),
        on_deny=outcome,
        approvers=approvers,
        quorum=quorum,
        late=reads_people(given.rule),
        override=_override(given.overridable_by),
    )


def _override(given: m.OverridePart | None) -> PolicyOverride | None:
    return None if given is None else PolicyOverride(tuple(given.from_), given.quorum, given.level)


def denial(rule: str, given: m.DenialPart | None) -> tuple[d.DenyOutcome, tuple[str, ...], int]:
    """What happens where the rule does not allow, and whose approval is wanted then, how often."""
    if given is not None and given.approvals is not None:
        return d.DenyOutcome.APPROVALS, tuple(given.approvals.from_), given.approvals.quorum
    if given is not None and given.outcome is not None:
        return d.DenyOutcome(given.outcome), (), 1
    is_mendable = any(fact.startswith(_OF_THE_WORK) for fact in reads_of(rule))
    return (d.DenyOutcome.ROUND if is_mendable else d.DenyOutcome.ASK), (), 1


def reads_people(rule: str) -> bool:
    """Whether the rule asks who approved, so that it is judged once people have."""
    return any(fact.startswith(_OF_PEOPLE) for fact in reads_of(rule))
