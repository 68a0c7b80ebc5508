"""What is wrong with the rules of a file, at their place in it, as far as that can be told here."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.policies.cel_rules import faults_of, is_installed
from onloop.policies.rule_faults import faults_of_size
from onloop.workflow.positioned_tree import Fault, Path


def rule_faults(at: Path, rule: str) -> Iterator[Fault]:
    """What is wrong with the text of the rule that `at` leads to; without the engine, only how long it is."""
    for fault in faults_of(rule) if is_installed() else tuple(faults_of_size(rule)):
        yield Fault(at, fault.what, fault.hint, within=fault.at)
