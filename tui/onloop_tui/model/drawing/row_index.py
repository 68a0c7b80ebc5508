"""The interface of a list's rows: their number, the id in a row, and the row of an id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RowIndex(Protocol):
    """Rows by number from 0 and by id. Both look-ups are cheap and do not enumerate all rows."""

    def __len__(self) -> int:
        """The number of rows."""

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""

    def row_of(self, row_id: str) -> int | None:
        """The row of that id; None if it has no row."""


class FlatRows:
    """Distinct ids in the given order."""

    def __init__(self, ids: Sequence[str] = ()) -> None:
        self._ids = ids
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def at(self, row: int) -> str:
        """The id in that row; IndexError past the end."""
        return self._ids[row]

    def row_of(self, row_id: str) -> int | None:
        """The row of that id; the positions are computed at the first call."""
        if self._places is None:
            self._places = {each: row for row, each in enumerate(self._ids)}
        return self._places.get(row_id)
