"""The engine of rules, loaded when the first rule is evaluated: most decisions evaluate none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.machine.rule_engine import RuleOutcome


class LateRules:
    """See RuleEngine."""

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        """See RuleEngine."""
        from onloop.policies.cel_rules import CelRules  # here: see the module

        return CelRules().evaluate(rule, facts)


def check_installed(what: str) -> None:
    """BadInput, in words, where rules cannot be evaluated here; `what` has some."""
    from onloop.policies import cel_rules  # here: see the module

    cel_rules.check_installed(what)


LATE_RULES = LateRules()
