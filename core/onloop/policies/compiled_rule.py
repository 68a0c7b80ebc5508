"""A rule in CEL that was looked at: its expression, or everything that is wrong with it before any facts are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from onloop.policies.rule_faults import RuleFault, engine_faults, faults_of_size
from onloop.policies.rule_tokens import RuleToken, tokens_of


class CompiledRule(NamedTuple):
    """What an engine evaluates, with the tokens of its text; with faults there is no expression."""

    expression: Any
    faults: tuple[RuleFault, ...]
    tokens: tuple[RuleToken, ...] = ()


class RuleLanguage(NamedTuple):
    """What one kind of rule may read, and what it is called where it is wrong."""

    environment: Callable[[], Any]
    faults_of_tokens: Callable[[tuple[RuleToken, ...]], tuple[RuleFault, ...]]
    noun: str
    example: str


def compiled_rule(rule: str, language: RuleLanguage) -> CompiledRule:
    """The rule, compiled: of the right size, reading what is there, and giving true or false."""
    faults = tuple(faults_of_size(rule))
    if faults:
        return CompiledRule(None, faults)
    tokens = tokens_of(rule)
    faults = language.faults_of_tokens(tokens)
    if faults:
        return CompiledRule(None, faults)
    try:
        expression = language.environment().compile(rule)
    except Exception as problem:  # the engine gives every kind of error in one class, with its place in the text
        return CompiledRule(None, engine_faults(rule, str(problem)))
    given = expression.return_type().name()
    if given not in {"BOOL", "DYN"}:
        words = f"the {language.noun} gives {given.lower()}, and must give true or false"
        return CompiledRule(None, (RuleFault(0, words, f"compare something, such as {language.example}"),))
    return CompiledRule(expression, (), tokens)
