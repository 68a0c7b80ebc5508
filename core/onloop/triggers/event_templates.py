"""Texts with paths into an event, such as `Fix #{event.issue.number}`: what they name, and what they become. PURE.

Nothing in a value is ever read as a template, and a value that is not there is an error, never an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onloop.errors import BadInput
from onloop.text import safe
from onloop.triggers.hook_events import HookEvent

ROOTS = ("event", "name", "source")
LONGEST_VALUE = 20_000

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_PATH = re.compile(r"(event(\.[A-Za-z0-9_-]{1,100}){1,20}|name|source)")


def template_fault(text: str) -> str:
    """What is wrong with a template, in words; empty where nothing is."""
    for found in _PIECE.finditer(text):
        if found[0] in {"{{", "}}"}:
            continue
        if found[1] is None:
            return f"a single {found[0]} stands at character {found.start() + 1}"
        if not _PATH.fullmatch(found[1]):
            return f"{{{safe(found[1], 60)}}} is no path into the event"
    return ""


def paths_of(text: str) -> tuple[str, ...]:
    """The paths that a template names, in order."""
    return tuple(found[1] for found in _PIECE.finditer(text) if found[1] is not None)


def rendered(text: str, event: HookEvent, most: int) -> str:
    """The template with the event's values, in one line; BadInput names what is not there."""
    return safe(_filled(text, event, block=False), most).strip()


def rendered_block(text: str, event: HookEvent, most: int) -> str:
    """The same with lines of its own: a value of several lines is quoted, so that none passes for the template's."""
    whole = _filled(text, event, block=True)
    return "\n".join(safe(line, 4_000) for line in whole.splitlines())[:most]


def value_at(event: HookEvent, path: str) -> Any:
    """The value at a path; BadInput where there is none."""
    if path in {"name", "source"}:
        return event.name if path == "name" else event.source
    found: Any = event.payload
    for part in path.split(".")[1:]:
        if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, Mapping) and part in found:
            found = found[part]
        else:
            raise BadInput(f"the event has no {safe(path, 100)}", hint="onloop trigger test shows what it has")
    return found


def _filled(text: str, event: HookEvent, *, block: bool) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        return _shown(found[1], value_at(event, found[1]), block=block)

    return _PIECE.sub(value, text)


def _shown(path: str, value: Any, *, block: bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        words = str(value)[:LONGEST_VALUE]
        lines = words.splitlines()
        return "\n".join(("", *(f"> {line}" for line in lines), "")) if block and len(lines) > 1 else words
    if value is None and block:
        return "(empty)"
    raise BadInput(f"{safe(path, 100)} is {_kind(value)}, and no text", hint="name a text or a number in it")


def _kind(value: Any) -> str:
    return "empty" if value is None else "a list" if isinstance(value, list) else "a group of fields"
