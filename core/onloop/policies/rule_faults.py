"""What is wrong with a rule before any facts are known, and where in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onloop.machine.fact_vocabulary import BY_PATH, DECLARED, FACTS, MOST_ITEMS, ROOTS, FactType
from onloop.policies.rule_tokens import Chain, RuleToken, chains_of, work_of
from onloop.records import Record
from onloop.text import safe

LONGEST_RULE = 4_000
MOST_WORK = 1_000_000
"""The most steps that a rule may take, as `work_of` counts them: a fraction of a second."""

_MOST_MAPS = 3
_NAMED = {fact.path: fact for fact in DECLARED}
_PLACED = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_CONTAINER = " (in container '')"
_OVERLOAD = re.compile(r"found no matching overload for '(\S+)' applied to '(.*)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.*?)'")


class RuleFault(Record):
    """What is wrong at a place of a rule's text (in characters), and what would work."""

    at: int
    what: str
    hint: str


def faults_of_size(rule: str) -> Iterator[RuleFault]:
    """A rule that is too long to be looked at, or holds what no text holds."""
    if len(rule) > LONGEST_RULE:
        yield RuleFault(
            0, f"the rule has {len(rule)} characters, more than {LONGEST_RULE}", "make several policies of it"
        )
    elif not rule.strip():
        yield RuleFault(0, "the rule is empty", "compare something, such as change.count <= 500")
    elif "\0" in rule or not _is_unicode(rule):
        yield RuleFault(0, "the rule has a character that no text has", "write it anew")


def _is_unicode(rule: str) -> bool:
    try:
        rule.encode()
    except UnicodeEncodeError:
        return False
    return True


def has_work_left(tokens: Sequence[RuleToken]) -> Iterator[RuleFault]:
    """A rule that could take long, whatever the facts."""
    work = work_of(tokens, MOST_ITEMS)
    maps = sum(token.text == "map" for token in tokens)
    if work > MOST_WORK or maps > _MOST_MAPS:
        yield RuleFault(
            0,
            f"the rule may take {work} steps, more than {MOST_WORK}" if work > MOST_WORK else f"{maps} uses of map",
            "go through one list at a time, and use counts such as change.sensitive where there are some",
        )


def faults_of_facts(tokens: Sequence[RuleToken]) -> Iterator[RuleFault]:
    """Each fact that the rule names and that there is not."""
    for chain in chains_of(tokens):
        if chain.parts[0] in ROOTS:
            yield from _fault_of(chain)


def _fault_of(chain: Chain) -> Iterator[RuleFault]:
    names = ".".join(part or "*" for part in chain.parts)
    fact = next((_NAMED[path] for path in _leading(names) if path in _NAMED), None)
    if fact is None:
        yield RuleFault(chain.at, f"there is no fact {safe(names, 100)}", _hint(names))
    elif fact.kind is FactType.RECORDS_BY_NAME:
        yield from _fault_in_record(chain, names)
    elif chain.is_tested and fact.kind is not FactType.TEXTS_BY_NAME:
        yield RuleFault(
            chain.at,
            f"has({safe(names, 100)}) asks for what is no part of a map",
            "compare it: absence denies by itself",
        )


def _fault_in_record(chain: Chain, names: str) -> Iterator[RuleFault]:
    if len(chain.parts) < 3:
        return
    path = f"{chain.parts[0]}.*.{chain.parts[2] or '*'}"
    if chain.parts[2] is not None and path not in BY_PATH:
        yield RuleFault(chain.at, f"there is no fact {safe(names, 100)}", _hint(path))


def _leading(names: str) -> Iterator[str]:
    parts = names.split(".")
    return (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def _hint(path: str) -> str:
    from difflib import get_close_matches  # here: it is needed where something is wrong, and takes long to load

    near = get_close_matches(path[:100], [fact.path for fact in FACTS], n=1)
    return f"did you mean {near[0]}? onloop policy facts lists them" if near else "onloop policy facts lists them"


def engine_faults(rule: str, error: str) -> tuple[RuleFault, ...]:
    """What the engine says of a rule that it does not take."""
    found = tuple(
        RuleFault(_offset(rule, int(line), int(column)), *_words(said)) for line, column, said in _PLACED.findall(error)
    )
    return found or (RuleFault(0, f"the rule is not CEL: {safe(error.splitlines()[0], 200)}", "write it more plainly"),)


def _offset(rule: str, line: int, column: int) -> int:
    lines = rule.split("\n")
    before = sum(len(text) + 1 for text in lines[: max(0, line - 1)])
    return min(len(rule), before + max(0, column - 1))


def _words(said: str) -> tuple[str, str]:
    plain = said.removesuffix(" [INVALID_ARGUMENT]").replace(_CONTAINER, "")
    if unknown := _UNDECLARED.search(plain):
        return f"there is no fact or function {safe(unknown[1], 100)}", _hint(unknown[1])
    if misfit := _OVERLOAD.search(plain):
        sign = misfit[1].strip("_").replace("_", " ") or misfit[1]
        return (
            f"{safe(sign, 40)} does not take ({safe(misfit[2].strip('()'), 120)})",
            "onloop policy facts says what each is",
        )
    return safe(
        plain.partition(", expecting")[0].partition(" expecting {")[0], 200
    ), "see cel.dev, or onloop help policies"
