"""JSON with comments and trailing commas, as devcontainer files are written: read strictly, in memory, with limits."""

from __future__ import annotations

import json
from typing import Any

from onloop.errors import BadInput

LARGEST = 262_144
DEEPEST = 32


def read_jsonc(content: bytes, name: str) -> dict[str, Any]:
    """The object in a file; BadInput says why it is none."""
    hint = f"mend {name} on the branch that merges move"
    if len(content) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST} bytes", hint=hint)
    try:
        text = content.decode("utf-8")
        if _depth(text) > DEEPEST:
            raise BadInput(f"{name} is nested deeper than {DEEPEST}", hint=hint)
        found = json.loads(_plain(text), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"{name} cannot be read: {str(problem)[:200]}", hint=hint) from None
    if not isinstance(found, dict):
        raise BadInput(f"{name} holds no object", hint=hint)
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{double[:60]!r} is there twice")
    return found


def _depth(text: str) -> int:
    """How deeply brackets are nested, those in texts and comments counted as well: never less than it is."""
    deepest = depth = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}" and depth > 0)
        deepest = max(deepest, depth)
    return deepest


def _plain(text: str) -> str:
    """The text without comments and trailing commas, of the same length, so that positions stay."""
    kept, at, comma = list(text), 0, -1
    while at < len(text):
        end = _after(text, at)
        if text[at] == '"' or end == at + 1:
            comma = _with_comma(kept, text[at], at, comma)
        else:  # a comment
            kept[at:end] = [letter if letter == "\n" else " " for letter in text[at:end]]
        at = end
    return "".join(kept)


def _after(text: str, at: int) -> int:
    """Where what begins at `at` ends: a text, a comment, or one character."""
    if text[at] == '"':
        end = at + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        return min(end + 1, len(text))
    for begin, close in (("//", "\n"), ("/*", "*/")):
        if text.startswith(begin, at):
            found = text.find(close, at + 2)
            end = len(text) if found < 0 else found + (len(close) if close == "*/" else 0)
            return max(end, at + 2)
    return at + 1


def _with_comma(kept: list[str], letter: str, at: int, comma: int) -> int:
    """The place of a comma that may be a trailing one; it is taken out before a closing bracket."""
    if letter == ",":
        return at
    if letter in "]}" and comma >= 0:
        kept[comma] = " "
        return -1
    return comma if letter.isspace() else -1
