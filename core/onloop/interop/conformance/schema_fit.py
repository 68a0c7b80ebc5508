"""Whether a value fits a JSON Schema, for the words that our published schemas use; unknown fields are passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 40
_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """What of the value does not fit, in words; empty where it fits.

    A client of a later version must live with fields that it does not know, so those are no misfit.
    """
    return _misfit(value, schema, schema, "the object", DEEPEST)


def _misfit(value: Any, part: Mapping[str, Any], whole: Mapping[str, Any], where: str, depth: int) -> str:
    if depth == 0:
        return f"{where} is too deep"
    if "$ref" in part:
        name = str(part["$ref"]).removeprefix("#/$defs/")
        return _misfit(value, whole["$defs"][name], whole, where, depth - 1)
    if "anyOf" in part:
        problems = [_misfit(value, each, whole, where, depth - 1) for each in part["anyOf"]]
        return "" if "" in problems else min(problems, key=len)
    if "enum" in part and value not in part["enum"]:
        return f"{where} is {str(value)[:60]!r}, none of its values"
    if "const" in part and value != part["const"]:
        return f"{where} is {str(value)[:60]!r}"
    if "type" in part and not _is_kind(value, part["type"]):
        return f"{where} is no {part['type']}"
    return _inner_misfit(value, part, whole, where, depth)


def _is_kind(value: Any, named: Any) -> bool:
    names = named if isinstance(named, list) else [named]
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _KINDS[name]) for name in names if name in _KINDS)


def _inner_misfit(value: Any, part: Mapping[str, Any], whole: Mapping[str, Any], where: str, depth: int) -> str:
    if isinstance(value, list) and isinstance(part.get("items"), dict):
        found = (_misfit(each, part["items"], whole, f"{where}[{at}]", depth - 1) for at, each in enumerate(value))
        return next((problem for problem in found if problem), "")
    if not isinstance(value, dict):
        return ""
    missing = next((name for name in part.get("required", ()) if name not in value), None)
    if missing is not None:
        return f"{where} lacks {missing}"
    fields = part.get("properties", {})
    inner = ((name, each) for name, each in value.items() if name in fields)
    found = (_misfit(each, fields[name], whole, f"{where}.{name}", depth - 1) for name, each in inner)
    return next((problem for problem in found if problem), "")
