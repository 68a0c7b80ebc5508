"""What the rules that workflows and policies are written in (CEL) are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from onloop.records import Record

INSTALL = "pip install 'onloop[policy]'"
"""What makes rules work where their engine is missing."""


class RuleOutcome(Record):
    """What a rule said: `allows` only where it gave exactly true.

    `words` say what it gave else, or what was missing; `engine` is what evaluated it, with its version. It is recorded
    as a fact, and never evaluated again. `values` are the facts that it read, such as `change.count = 12`.
    """

    allows: bool
    words: str
    engine: str
    values: tuple[str, ...] = ()


class RuleEngine(Protocol):
    """Evaluates rules: a pure function of the rule and the facts, which never fails and never takes long."""

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        """What the rule says of these facts; whatever is not exactly true denies."""


class NoRuleEngine:
    """Denies everything: the engine is not installed, or nobody gave it to the decision."""

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        """See RuleEngine."""
        del rule, facts
        words = f"there is nothing here that evaluates rules: {INSTALL}"
        return RuleOutcome(allows=False, words=words, engine="none")


NO_RULES = NoRuleEngine()
