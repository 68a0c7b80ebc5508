"""Policies of the organization: rules that steps of every workflow must satisfy, adopted by people for the store.

A run pins those in force when it starts: they become gates of its workflow, which no workflow file can leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, assert_never

from onloop.machine.gate_kinds import Assurance, OverrideRule
from onloop.machine.limits import Id, Items, Number, Text, Words
from onloop.machine.policy_gate import DenyOutcome, PolicyGate, PolicyMode
from onloop.records import Record

MOST_POLICIES = 50
"""How many policies may be in force."""

OF_POLICIES = "policy/"
"""What the ids of gates that policies make begin with; no id in a workflow file has a slash."""


class PolicyOverride(Record):
    """Who may let work on past a policy that denies: `quorum` different people out of `by` (groups or names)."""

    by: Annotated[tuple[Id, ...], Items(50)]
    quorum: Number = 1
    assurance: Assurance = Assurance.A1

    @property
    def rule(self) -> OverrideRule:
        """The same, as gates say it."""
        return OverrideRule(self.by, self.quorum, self.assurance)


class Policy(Record):
    """A rule of the organization: at which steps it is judged, and what happens where it does not allow.

    `at` names steps: `effect:merge`, `phase:develop`, `step:develop.implement`, or `every`.
    """

    name: Id
    rule: Annotated[str, Text(4_000)]
    at: Annotated[tuple[Id, ...], Items(20)]
    explain: Words = ""
    mode: PolicyMode = PolicyMode.ENFORCE
    on_deny: DenyOutcome = DenyOutcome.ROUND
    approvers: Annotated[tuple[Id, ...], Items(50)] = ()
    quorum: Number = 1
    late: bool = False
    override: PolicyOverride | None = None

    @property
    def gate(self) -> PolicyGate:
        """The gate that it makes of itself at a step."""
        return PolicyGate(
            id=f"{OF_POLICIES}{self.name}",
            rule=self.rule,
            explain=self.explain,
            on_deny=self.on_deny,
            approvers=self.approvers,
            quorum=self.quorum,
            late=self.late,
            mode=self.mode,
            policy=self.name,
            override=None if self.override is None else self.override.rule,
        )


class PolicyAdopted(Record):
    """A policy is in force for every run that starts from now on; one of that name before it is not any more."""

    policy: Policy
    by: Id
    reason: Words


class PolicyDropped(Record):
    """A policy is in force no longer for runs that start from now on; live runs keep what they pinned."""

    name: Id
    by: Id
    reason: Words


PolicyEvent = PolicyAdopted | PolicyDropped
Policies = Mapping[str, PolicyAdopted]
"""By name: the policies in force."""


def policies_after(policies: Policies, event: PolicyEvent) -> Policies:
    """The policies in force after the event."""
    match event:
        case PolicyAdopted(policy):
            return {**policies, policy.name: event}
        case PolicyDropped(name):
            return {key: adopted for key, adopted in policies.items() if key != name}
        case _:
            assert_never(event)
