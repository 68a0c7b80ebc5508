"""The fields of workflow files, and of policy files, as Markdown tables, made of their JSON Schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onloop.workflow.duration import PATTERN as DURATION
from onloop.workflow.percentage import PATTERN as SHARE
from onloop.workflow.schema import json_schema, policy_schema

_TOP = "the file"
_NAMED = {DURATION: "duration", SHARE: "share"}


def fields() -> str:
    """A heading, a sentence and a table for each part of a workflow file, the file itself first."""
    return _tables(json_schema())


def policy_fields() -> str:
    """The same for a policy file."""
    return _tables(policy_schema())


def _tables(schema: Mapping[str, Any]) -> str:
    parts = {_TOP: schema, **{_name(name): part for name, part in schema["$defs"].items() if "properties" in part}}
    return "\n\n".join(_part(name, part) for name, part in parts.items())


def _name(definition: str) -> str:
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in definition.removesuffix("Part"))
    return words.strip()


def _part(name: str, part: Mapping[str, Any]) -> str:
    about = " ".join(str(part.get("description", "")).split())
    lines = [_line(field, kind, needed=field in part.get("required", ())) for field, kind in part["properties"].items()]
    return "\n".join([f"### {name}", "", about, "", "| field | is | if left out | for |", "|---|---|---|---|", *lines])


def _line(field: str, kind: Mapping[str, Any], *, needed: bool) -> str:
    words = _cell(str(kind["description"]))
    return f"| `{field}`{' (needed)' if needed else ''} | {_type(kind)} | {_default(kind)} | {words} |"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _type(kind: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(_words(kind)))


def _words(kind: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in kind:
        yield f"*{_name(str(kind['$ref']).rpartition('/')[2])}*"
    elif "anyOf" in kind:
        for each in kind["anyOf"]:
            yield from _words(each)
    elif "const" in kind or "enum" in kind:
        yield from (f"`{str(value).lower()}`" for value in kind.get("enum", (kind.get("const"),)))
    elif kind.get("type") == "array":
        yield f"list of {_type(kind['items'])}"
    elif kind.get("type") == "integer":
        yield f"{kind['minimum']:,} to {kind['maximum']:,}"
    elif kind.get("type") == "boolean":
        yield "`true` or `false`"
    else:
        yield _NAMED.get(str(kind.get("pattern", "")), "text" if kind.get("type") == "string" else "a mapping")


def _default(kind: Mapping[str, Any]) -> str:
    default = kind.get("default")
    if default in (None, "", [], {}):
        return ""
    return f"`{str(default).lower()}`" if not isinstance(default, dict) else "its own defaults"
