"""PURE: a person's settings as JSON, read so strictly that writing them again loses nothing of what they say."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from onloop.errors import BadInput
from onloop.records import Record

_INDENT = re.compile(r"\n([ \t]+)\"")
_BOM = "\ufeff"
UNCHANGED = "correct it first; nothing was changed"


class SettingsStyle(Record):
    """How a file is written: kept, so that a change is as small as it can be."""

    indent: str = "  "
    newline: str = "\n"
    mark: str = ""
    ends: str = "\n"


def read_settings(content: bytes, name: str) -> tuple[dict[str, Any], SettingsStyle]:
    """What the file called `name` says, and its style; BadInput, with the line, where rewriting could lose anything."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise BadInput(f"{name}:{line}: not UTF-8", hint=UNCHANGED) from None
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    if not text.strip():
        return {}, SettingsStyle(mark=mark)
    found = _parsed(text, name)
    if not isinstance(found, dict):
        raise BadInput(f"{name}:1: not a JSON object", hint=UNCHANGED)
    indent = _INDENT.search(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    ends = newline if text.endswith("\n") else ""
    return found, SettingsStyle(indent[1] if indent else "  ", newline, mark, ends)


def written_settings(settings: dict[str, Any], style: SettingsStyle) -> bytes:
    """The settings as bytes in that style."""
    text = json.dumps(settings, indent=style.indent, ensure_ascii=False, allow_nan=False)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        text = json.dumps(settings, indent=style.indent, allow_nan=False)
    return f"{style.mark}{text.replace(chr(10), style.newline)}{style.ends}".encode()


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda pairs: _without_doubles(pairs, text, name),
            parse_float=lambda digits: _exact(digits, text, name),
            parse_constant=lambda word: _lost(word, text, name),
        )
    except json.JSONDecodeError as problem:
        raise BadInput(f"{name}:{problem.lineno}:{problem.colno}: {_why(problem, text)}", hint=UNCHANGED) from None
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"{name}: {str(problem)[:200]}", hint=UNCHANGED) from None


def _why(problem: json.JSONDecodeError, text: str) -> str:
    if text[problem.pos : problem.pos + 1] == "/" or text[: problem.pos].rstrip().endswith("/"):
        return "a comment, which would be lost: add the hook by hand"
    return f"not valid JSON: {problem.msg[0].lower()}{problem.msg[1:]}"


def _without_doubles(pairs: list[tuple[str, Any]], text: str, name: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        double = next(key for key in names if names.count(key) > 1)
        places = [match.start() for match in re.finditer(re.escape(json.dumps(double)), text)]
        line = text.count("\n", 0, places[-1]) + 1 if places else 1
        raise BadInput(f"{name}:{line}: {double[:60]!r} is there twice", hint=UNCHANGED)
    return found


def _exact(digits: str, text: str, name: str) -> float:
    number = float(digits)
    if Decimal(digits) != Decimal(repr(number)):
        _lost(digits, text, name)
    return number


def _lost(word: str, text: str, name: str) -> float:
    line = text.count("\n", 0, max(text.find(word), 0)) + 1
    raise BadInput(f"{name}:{line}: the number {word[:40]} would not be kept as it is", hint=UNCHANGED)
