"""What a policy said of a task, as it is recorded: it is never evaluated again."""

from __future__ import annotations

from onloop.machine.policy_gate import PolicyMode
from onloop.records import Record


class PolicyFinding(Record):
    """What the rule of `gate` at `step` gave, about which commit and workflow, evaluated by which engine.

    `words` say why it does not allow; `values` are the facts that it read, and `facts` the digest of all there were.
    """

    step: str
    gate: str
    allows: bool
    words: str
    engine: str
    values: tuple[str, ...] = ()
    facts: str = ""
    mode: PolicyMode = PolicyMode.ENFORCE
    policy: str = ""
    head: str = ""
    base: str = ""
    definition: str = ""
    visit: int = 0
    at: int = 0

    def is_like(self, other: PolicyFinding) -> bool:
        """Whether another says the same of the same."""
        return self._said() == other._said()

    def _said(self) -> tuple[object, ...]:
        about = (self.step, self.gate, self.head, self.base, self.definition, self.visit)
        return (*about, self.allows, self.words, self.values, self.mode)


class PolicyJudged(Record):
    """The rule of a policy gate was evaluated."""

    finding: PolicyFinding
