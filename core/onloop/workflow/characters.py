"""Which characters a workflow file may hold: none that a reader cannot see, and none that a terminal would obey."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onloop.workflow.positioned_tree import FileProblem, Position

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNWANTED = re.compile(f"[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff{_BIDI}]")
_UNWANTED_IN_VALUE = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff{_BIDI}]")


def decoded(source: bytes) -> str | FileProblem:
    """The text of a file, without byte order mark and carriage returns, or the first byte that is not UTF-8."""
    try:
        return source.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8").removeprefix("\ufeff")
        return FileProblem(
            _position(before, len(before)), f"byte 0x{source[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        )


def unwanted(text: str) -> Iterator[FileProblem]:
    """The first tab, control character or hidden character of each line."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _UNWANTED.search(line)
        if found is not None:
            yield FileProblem(Position(number, found.start() + 1), *_words(found[0]))


def unwanted_in_value(value: str) -> str | None:
    """The first character that no value may hold, even if it was written as an escape, in the form U+0000."""
    found = _UNWANTED_IN_VALUE.search(value)
    return f"U+{ord(found[0]):04X}" if found else None


def _words(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab", "use spaces, or \\t within double quotes"
    return f"the character U+{ord(character):04X}, which cannot be seen", "remove it"


def _position(text: str, index: int) -> Position:
    return Position(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
