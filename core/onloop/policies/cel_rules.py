"""Evaluates rules in CEL: allow is exactly true, and everything else denies, with what was missing in words."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from onloop.errors import BadInput
from onloop.machine.fact_vocabulary import BY_PATH, DECLARED, ROOTS, FactType
from onloop.machine.rule_engine import INSTALL, NO_RULES, RuleOutcome
from onloop.policies.compiled_rule import CompiledRule, RuleLanguage, compiled_rule
from onloop.policies.given_facts import GivenFacts, given_facts
from onloop.policies.rule_faults import RuleFault, faults_of_facts, has_work_left
from onloop.policies.rule_tokens import Chain, RuleToken, chains_of, operands_of, tokens_of
from onloop.text import safe

_MOST_VALUES = 12
_LONGEST_VALUE = 120
_MISSING_NAME = re.compile(r'No value with name "([^"]+)"')
_MISSING_KEY = re.compile(r'Key not found in map : "?([^"]*)"?')
_TURN = threading.Lock()


class CelRules:
    """Evaluates rules over the facts of the vocabulary; see RuleEngine."""

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        """What the rule says of these facts. Total: whatever goes wrong denies, and the words say what it was."""
        if not is_installed():
            return NO_RULES.evaluate(rule, facts)
        try:
            return _evaluated(rule, facts)
        except Exception as problem:  # a decision waits for this: anything that a rule could cause is a denial
            return _denied(f"the rule could not be evaluated: {safe(str(problem) or type(problem).__name__, 300)}")


@cache
def is_installed() -> bool:
    """Whether the engine's package can be loaded."""
    try:
        _cel()
    except ImportError:
        return False
    return True


def check_installed(what: str) -> None:
    """BadInput, in words, where rules cannot be evaluated here; `what` has some."""
    if not is_installed():
        raise BadInput(f"{what} has rules, and nothing here evaluates them", hint=INSTALL)


def faults_of(rule: str) -> tuple[RuleFault, ...]:
    """Everything that is wrong with a rule before any facts are known, in the order of the text."""
    return _compiled(rule).faults


def absorbed(rule: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts of a rule that failed although the whole gave true or false, each with what it lacked.

    CEL lets an operand of `||` or `&&` that decides hide one before it that failed.
    """
    with _TURN:
        return tuple(_absorbed(rule, given_facts(facts)))


def reads_of(rule: str) -> frozenset[str]:
    """The declared facts that the text of a rule names."""
    return frozenset(filter(None, (_declared(chain) for chain in chains_of(tokens_of(rule)))))


@cache
def engine_name() -> str:
    """The engine with its version, as it is recorded."""
    from importlib.metadata import version

    return f"cel-expr-python {version('cel-expr-python')}"


def _cel() -> Any:
    from cel_expr_python import cel  # here: only what evaluates rules needs it, and it may be missing

    return cel


@cache
def _environment() -> Any:
    cel = _cel()
    kinds = cel.Type
    texts = kinds.List(kinds.STRING)
    types = {
        FactType.TEXT: kinds.STRING,
        FactType.WHOLE: kinds.INT,
        FactType.NUMBER: kinds.DOUBLE,
        FactType.FLAG: kinds.BOOL,
        FactType.TEXTS: texts,
        FactType.TEXTS_BY_NAME: kinds.Map(kinds.STRING, texts),
        FactType.RECORDS_BY_NAME: kinds.Map(kinds.STRING, kinds.Map(kinds.STRING, kinds.DYN)),
    }
    return cel.NewEnv(variables={fact.path: types[fact.kind] for fact in DECLARED})


@lru_cache(maxsize=512)
def _compiled(rule: str) -> CompiledRule:
    return compiled_rule(rule, _RULES)


def _faults_of_tokens(tokens: tuple[RuleToken, ...]) -> tuple[RuleFault, ...]:
    return (*has_work_left(tokens), *faults_of_facts(tokens))


_RULES = RuleLanguage(_environment, _faults_of_tokens, "rule", "change.count <= 500")


def _evaluated(rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
    with _TURN:
        compiled = _compiled(rule)
        if compiled.faults:
            return _denied(f"the rule cannot be evaluated: {'; '.join(fault.what for fault in compiled.faults)}")
        chains, given = tuple(chains_of(compiled.tokens)), given_facts(facts)
        read = tuple(_read(chains, given))
        too_large = [given.withheld[name] for name in dict.fromkeys(map(_declared, chains)) if name in given.withheld]
        if too_large:
            return _denied("; ".join(too_large), read)
        kind, value = _run(compiled.expression, given)
        if kind == "BOOL" and value is True:
            return RuleOutcome(allows=True, words="the rule is true", engine=engine_name(), values=read)
        return _denied(_why(kind, value, chains), read)


def _run(expression: Any, given: GivenFacts) -> tuple[str, Any]:
    """The type and the value that the expression gives; an error of the engine is of type ERROR."""
    try:
        result = expression.eval(data=given.values)
        kind = result.type().name()
        return kind, result.value() if kind in {"BOOL", "ERROR"} else None
    except Exception as problem:  # as where it is compiled
        return "ERROR", str(problem)


def _why(kind: str, value: Any, chains: Sequence[Chain]) -> str:
    if kind == "BOOL":
        return "the rule is false"
    if kind != "ERROR":
        return f"the rule gave {kind.lower()}, not true"
    return _error_words(str(value), chains)


def _error_words(error: str, chains: Sequence[Chain]) -> str:
    if missing := _MISSING_NAME.search(error):
        return f"{safe(missing[1], 100)} is not known"
    if missing := _MISSING_KEY.search(error):
        return f"{safe(_path_to(missing[1], chains), 100)} is not known"
    if "Iteration budget" in error:
        return "the rule takes too many rounds: 9,999 is the most"
    return f"the rule fails: {safe(error.partition(': ')[2] or error, 200)}"


def _path_to(key: str, chains: Sequence[Chain]) -> str:
    """Where the rule asks for a key that a map does not have."""
    named = (chain.parts[: chain.parts.index(key) + 1] for chain in chains if key in chain.parts[1:])
    return ".".join(part or "*" for part in next(named, (key,)))


def _denied(words: str, read: Sequence[str] = ()) -> RuleOutcome:
    return RuleOutcome(allows=False, words=words, engine=engine_name(), values=tuple(read))


def _declared(chain: Chain) -> str:
    """The declared fact that a chain begins with; empty for what is none."""
    parts = chain.path.split(".")
    ends = range(len(parts), 0, -1)
    return next((".".join(parts[:end]) for end in ends if ".".join(parts[:end]) in BY_PATH), "")


def _read(chains: Iterable[Chain], given: GivenFacts) -> Iterable[str]:
    paths = dict.fromkeys(chain.path for chain in chains if chain.parts[0] in ROOTS and not chain.is_tested)
    for path in list(paths)[:_MOST_VALUES]:
        yield f"{safe(path, 100)} = {_shown(path, given)}"


def _shown(path: str, given: GivenFacts) -> str:
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        if name in given.withheld:
            return "not given"
        if name in given.values:
            return _value_words(_within(given.values[name], parts[end:]))
    return "not known"


def _within(value: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _value_words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | Mapping) and len(value) > 5:
        return f"{len(value)} items"
    if isinstance(value, list):
        return safe(f"[{', '.join(value)}]", _LONGEST_VALUE)
    if isinstance(value, Mapping):
        return safe(f"{{{', '.join(value)}}}", _LONGEST_VALUE)
    return safe(str(value), _LONGEST_VALUE)


def _absorbed(rule: str, given: GivenFacts) -> Iterable[str]:
    parts, sign = operands_of(rule)
    if not sign:
        return
    for number, part in enumerate(parts):
        kind, value = _part_value(part, given)
        yield from _absorbed(part, given)
        if kind == "ERROR" and number < len(parts) - 1 and _is_decided_later(parts[number + 1 :], sign, given):
            yield f"{safe(part, 100)}: {_error_words(str(value), tuple(chains_of(tokens_of(part))))}"
        if kind == "BOOL" and value is (sign == "||"):
            return


def _is_decided_later(parts: Sequence[str], sign: str, given: GivenFacts) -> bool:
    return any(_part_value(part, given) == ("BOOL", sign == "||") for part in parts)


def _part_value(part: str, given: GivenFacts) -> tuple[str, Any]:
    compiled = _compiled(part)
    return ("", None) if compiled.expression is None else _run(compiled.expression, given)
