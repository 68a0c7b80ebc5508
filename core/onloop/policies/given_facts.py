"""The facts of one evaluation as an engine takes them: by declared name, of the declared types, within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.machine.fact_vocabulary import DECLARED, LONGEST_TEXT, MOST_ITEMS, Fact, FactType
from onloop.records import Record

_LARGEST_INT = 2**63 - 1
_MISSING = object()


class GivenFacts(Record):
    """What a rule may read: `values` by name, and in words why others are `withheld`."""

    values: Mapping[str, Any]
    withheld: Mapping[str, str]


class _Unfit(Exception):
    """A value that no rule is given; its text says why."""


def given_facts(facts: Mapping[str, Any]) -> GivenFacts:
    """The declared facts among `facts`, which are nested as their paths say; what is None is not known."""
    values: dict[str, Any] = {}
    withheld: dict[str, str] = {}
    for fact in DECLARED:
        found = found_at(facts, fact.path)
        if found is _MISSING or found is None:
            continue
        try:
            values[fact.path] = _fitting(found, fact)
        except _Unfit as why:
            withheld[fact.path] = f"{fact.path} {why}"
    return GivenFacts(values, withheld)


def found_at(facts: Any, path: str) -> Any:
    """The value at that path, or something that no fact is."""
    for part in path.split("."):
        if not isinstance(facts, Mapping) or part not in facts:
            return _MISSING
        facts = facts[part]
    return facts


def _fitting(value: Any, fact: Fact) -> Any:
    match fact.kind:
        case FactType.TEXTS:
            return _texts(value)
        case FactType.TEXTS_BY_NAME:
            return {_text(name): _texts(each) for name, each in _mapping(value).items()}
        case FactType.RECORDS_BY_NAME:
            return {_text(name): _record(each) for name, each in _mapping(value).items()}
        case FactType.NUMBER:
            return float(_plain(value, int | float))
        case FactType.FLAG:
            return _plain(value, bool)
        case FactType.WHOLE:
            return _whole(value)
        case _:
            return _text(value)


def _plain(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise _Unfit(f"is no fact of its type, but {type(value).__name__}")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or abs(_plain(value, int)) > _LARGEST_INT:
        raise _Unfit("is no whole number that a rule can hold")
    return int(value)


def _text(value: Any) -> str:
    if len(_plain(value, str)) > LONGEST_TEXT:
        raise _Unfit(f"has a text of {len(value)} characters, more than the {LONGEST_TEXT} that a rule is given")
    return str(value).encode("utf-8", "replace").decode()


def _texts(value: Any) -> list[str]:
    if len(_plain(value, list | tuple)) > MOST_ITEMS:
        raise _Unfit(f"has {len(value)} items, more than the {MOST_ITEMS} that a rule is given")
    return [_text(each) for each in value]


def _mapping(value: Any) -> Mapping[str, Any]:
    if len(_plain(value, Mapping)) > MOST_ITEMS:
        raise _Unfit(f"has {len(value)} entries, more than the {MOST_ITEMS} that a rule is given")
    found: Mapping[str, Any] = value
    return found


def _record(value: Any) -> dict[str, Any]:
    """The known fields of a record in a map; what is None is left out."""
    return {_text(name): _scalar(each) for name, each in _mapping(value).items() if each is not None}


def _scalar(value: Any) -> Any:
    match value:
        case bool() | float():
            return value
        case int():
            return _whole(value)
        case _:
            return _text(value)
