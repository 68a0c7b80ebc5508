"""A gate whose question is a rule over recorded facts: no command runs, and nobody is asked unless it says so."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.gate_kinds import HumanGate, OverrideRule
from onloop.records import Record


class PolicyMode(StrEnum):
    """Whether what a policy says counts."""

    ENFORCE = "enforce"
    AUDIT = "audit"
    """It is judged, counted and shown, and stops nothing."""


class DenyOutcome(StrEnum):
    """What happens where a policy does not allow."""

    ROUND = "round"
    """The work goes back to its agent, with the explanation."""
    ASK = "ask"
    """A person is asked what now: `policy_violation`."""
    APPROVALS = "approvals"
    """People must approve before it goes on."""


class PolicyGate(Record, tag=True, tag_field="kind"):
    """Allows where its rule gives exactly true; else `on_deny` happens.

    `policy` names the organization's policy that made it, and is empty where the workflow did. `late` rules read who
    approved: they are judged when people have.
    """

    id: str
    rule: str
    explain: str = ""
    on_deny: DenyOutcome = DenyOutcome.ROUND
    approvers: tuple[str, ...] = ()
    quorum: int = 1
    late: bool = False
    mode: PolicyMode = PolicyMode.ENFORCE
    policy: str = ""
    override: OverrideRule | None = None

    @property
    def enforces(self) -> bool:
        """Whether it can stop anything."""
        return self.mode is PolicyMode.ENFORCE

    @property
    def demanded(self) -> HumanGate:
        """Whose approval takes the place of an allowance, where `on_deny` says so."""
        return HumanGate(self.id, self.approvers, self.quorum)
