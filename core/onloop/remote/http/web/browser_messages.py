"""What a page says over its line, as Textual's own page does: one JSON list each, a word first. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from onloop.errors import BadInput
from onloop.records import Record

COLUMNS, ROWS = (10, 400), (5, 200)
_LONGEST_NAME = 64


class Begin(Record):
    """The first message: how large the page is, the dashboard that it had before, and the task to begin with."""

    columns: int
    rows: int
    line: str = ""
    task: str = ""


class Stdin(Record):
    """Something was typed, clicked or pasted."""

    text: str


class Resized(Record):
    """The page has another size."""

    columns: int
    rows: int


class Attended(Record):
    """The page is looked at (`focus`) or not (`blur`)."""

    what: str


class Ping(Record):
    """The page wants to hear that somebody is there."""

    mark: str


Message = Begin | Stdin | Resized | Attended | Ping


def message_from(text: str) -> Message:
    """What the page says; BadInput for anything else."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_message("it is no JSON") from None
    if not isinstance(said, list) or not said or not isinstance(said[0], str) or len(said) > 2:
        raise _no_message("it is no list of a word and what goes with it")
    word, what = said[0], said[1] if len(said) == 2 else None
    if word in {"focus", "blur"}:
        return Attended(word)
    if word in {"stdin", "ping"} and isinstance(what, str):
        return Stdin(what) if word == "stdin" else Ping(what[:_LONGEST_NAME])
    if word == "begin" and isinstance(what, Mapping):
        return Begin(*_size(what), line=_name(what, "line"), task=_name(what, "task"))
    if word == "resize" and isinstance(what, Mapping):
        return Resized(*_size(what))
    raise _no_message(f"{word[:20]!r} is no word of a page")


def _size(what: Mapping[str, Any]) -> tuple[int, int]:
    columns, rows = what.get("width"), what.get("height")
    if type(columns) is not int or type(rows) is not int:
        raise _no_message("a size is two numbers")
    return min(max(columns, COLUMNS[0]), COLUMNS[1]), min(max(rows, ROWS[0]), ROWS[1])


def _name(what: Mapping[str, Any], name: str) -> str:
    found = what.get(name, "")
    if not isinstance(found, str) or len(found) > _LONGEST_NAME or not found.isascii() or not found.isprintable():
        raise _no_message(f"{name} is no name")
    return found


def _no_message(why: str) -> BadInput:
    return BadInput(f"this is no message of a page: {why}", hint="load the page again")
