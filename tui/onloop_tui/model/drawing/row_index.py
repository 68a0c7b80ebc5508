"""Rows as a list on the screen asks for them: how many, which id stands where, and where an id stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RowIndex(Protocol):
    """Rows by number from 0 and by id; both questions are cheap, and nobody has to list all rows."""

    def __len__(self) -> int:
        """How many rows there are."""

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""

    def row_of(self, row_id: str) -> int | None:
        """Where that id stands; None where it has no row."""


class FlatRows:
    """Ids in the order in which they are given, each once."""

    def __init__(self, ids: Sequence[str] = ()) -> None:
        self._ids = ids
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""
        return self._ids[row]

    def row_of(self, row_id: str) -> int | None:
        """Where that id stands; the places are counted when they are first asked for."""
        if self._places is None:
            self._places = {each: row for row, each in enumerate(self._ids)}
        return self._places.get(row_id)
