"""Text as PostgreSQL can keep it: its text has no NUL, so that NUL is written as two characters, in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MARK = "\x01"
_NUL, _ITSELF = "\x01\x01", "\x01\x02"


def stored(values: Sequence[Any]) -> Sequence[Any]:
    """Values as they are sent: of a row, or for a statement."""
    if any(type(value) is str and ("\0" in value or _MARK in value) for value in values):
        return tuple(_written(value) if type(value) is str else value for value in values)
    return [list(stored(value)) if type(value) is list else value for value in values] if _has_lists(values) else values


def _has_lists(values: Sequence[Any]) -> bool:
    return any(type(value) is list for value in values)


def given(row: Sequence[Any]) -> Sequence[Any]:
    """The values of a row that was read, as they were given."""
    if any(type(value) is str and _MARK in value for value in row):
        return tuple(_read(value) if type(value) is str else value for value in row)
    return row


def _written(text: str) -> str:
    return text.replace(_MARK, _ITSELF).replace("\0", _NUL)


def _read(text: str) -> str:
    return text.replace(_NUL, "\0").replace(_ITSELF, _MARK)
