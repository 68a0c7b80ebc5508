"""Conditions of triggers in CEL, over an event from outside: true is true, and everything else is not, in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from onloop.machine.rule_engine import NO_RULES, RuleOutcome
from onloop.policies.cel_rules import check_installed, engine_name, is_installed
from onloop.policies.compiled_rule import CompiledRule, RuleLanguage, compiled_rule
from onloop.policies.rule_faults import MOST_WORK, RuleFault
from onloop.policies.rule_tokens import MACROS, RuleToken, chains_of, work_of
from onloop.text import safe

check_rules_installed = check_installed

VARIABLES: Mapping[str, str] = {
    "event": "the payload, as the sender wrote it",
    "name": "the event's name, such as issues.labeled",
    "source": "the hook at which it came",
}
"""What a condition may read."""

MOST_READ = 12
LARGEST_INT = 2**63 - 1
_USUAL_LIST = 100
"""How long lists of events usually are, for how much work a rule may make."""
_TURN = threading.Lock()


def event_faults(rule: str) -> tuple[RuleFault, ...]:
    """Everything that is wrong with a condition before any event is known."""
    return _compiled(rule).faults


def event_outcome(rule: str, name: str, source: str, event: Mapping[str, Any]) -> RuleOutcome:
    """What a condition says of an event. Total: whatever goes wrong is not true, and the words say what it was."""
    if not is_installed():
        return NO_RULES.evaluate(rule, {})
    try:
        with _TURN:
            return _evaluated(rule, {"event": event, "name": name, "source": source})
    except Exception as problem:  # an event from outside must end nothing
        words = f"the condition could not be evaluated: {safe(str(problem) or type(problem).__name__, 300)}"
        return RuleOutcome(allows=False, words=words, engine=engine_name())


@cache
def _environment() -> Any:
    from cel_expr_python import cel  # here: only what evaluates rules needs it, and it may be missing

    kinds = cel.Type
    return cel.NewEnv(
        variables={"event": kinds.Map(kinds.STRING, kinds.DYN), "name": kinds.STRING, "source": kinds.STRING}
    )


@lru_cache(maxsize=512)
def _compiled(rule: str) -> CompiledRule:
    return compiled_rule(rule, _CONDITIONS)


def _faults_of_tokens(tokens: tuple[RuleToken, ...]) -> tuple[RuleFault, ...]:
    if work_of(tokens, _USUAL_LIST) > MOST_WORK or sum(token.text == "map" for token in tokens) > 1:
        return (RuleFault(0, "the condition may take long", "go through one list at a time"),)
    return tuple(_unknown(tokens))


def _unknown(tokens: tuple[RuleToken, ...]) -> Iterator[RuleFault]:
    for chain in chains_of(tokens):
        if chain.parts[0] not in VARIABLES:
            words = f"there is nothing called {safe(chain.parts[0] or '', 60)}"
            yield RuleFault(chain.at, words, f"a condition reads {', '.join(VARIABLES)}")


_CONDITIONS = RuleLanguage(_environment, _faults_of_tokens, "condition", 'event.action == "opened"')


def _evaluated(rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
    compiled = _compiled(rule)
    if compiled.faults:
        return _no(f"the condition cannot be evaluated: {compiled.faults[0].what}", ())
    read = tuple(_read(compiled.tokens, facts))
    has_macros = any(token.text in MACROS for token in compiled.tokens)
    longest = _longest(facts["event"]) if has_macros else 0
    if longest and work_of(compiled.tokens, longest) > MOST_WORK:
        return _no(f"the condition would take too long: the event has a list of {longest}", read)
    result = compiled.expression.eval(data={**facts, "event": _plain(facts["event"])})
    kind = result.type().name()
    value = result.value() if kind in {"BOOL", "ERROR"} else None
    if kind == "BOOL" and value is True:
        return RuleOutcome(allows=True, words="the condition is true", engine=engine_name(), values=read)
    if kind == "ERROR":
        return _no(f"the condition fails: {safe(str(value).partition(': ')[2] or str(value), 200)}", read)
    return _no("the condition is false" if kind == "BOOL" else f"the condition gave {kind.lower()}, not true", read)


def _no(words: str, read: tuple[str, ...]) -> RuleOutcome:
    return RuleOutcome(allows=False, words=words, engine=engine_name(), values=read)


def _longest(value: Any) -> int:
    """How long the longest list or map within a value is."""
    if isinstance(value, Mapping):
        return max([len(value), *(_longest(each) for each in value.values())])
    if isinstance(value, list):
        return max([len(value), *(_longest(each) for each in value)])
    return 0


def _plain(value: Any) -> Any:
    """The value as an engine takes it: numbers that it cannot hold become numbers that it can."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_INT:
        return float(min(max(value, -(10**300)), 10**300))
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _read(tokens: tuple[RuleToken, ...], facts: Mapping[str, Any]) -> Iterator[str]:
    paths = dict.fromkeys(chain.path for chain in chains_of(tokens) if not chain.is_tested)
    for path in list(paths)[:MOST_READ]:
        value: Any = facts
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        yield f"{safe(path, 100)} = {_words(value)}"


def _words(value: Any) -> str:
    match value:
        case None:
            return "not there"
        case bool():
            return str(value).lower()
        case list() | dict():
            return f"{len(value)} items"
        case _:
            return safe(str(value), 120)
