"""Rows of a patch with what each is and where it stands in the two files, and how they stand beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, zip_longest

from onloop.gates.repository.patch_cutting import LinePlace, place_after
from onloop.views.changes import PatchPage


class RowKind(StrEnum):
    """What a row of a patch is."""

    HEADER = "header"
    HUNK = "hunk"
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    NOTE = "note"


_KINDS = {" ": RowKind.SAME, "+": RowKind.ADDED, "-": RowKind.REMOVED}
_CHANGED = {RowKind.ADDED, RowKind.REMOVED}


@dataclass(frozen=True, slots=True)
class PatchRow:
    """A row by its number in the patch (from 1), with its line's numbers in the old and the new file, 0 for none.

    One that `goes_on` continues the line of the row before.
    """

    number: int
    text: str
    kind: RowKind
    old: int = 0
    new: int = 0
    goes_on: bool = False

    @property
    def line(self) -> int:
        """The line that people mean: of the new file, or of the old one where it is removed."""
        return self.old if self.kind is RowKind.REMOVED else self.new


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in one row of the screen: a row of the patch, or one of each side."""

    left: PatchRow | None
    right: PatchRow | None = None

    @property
    def rows(self) -> tuple[PatchRow, ...]:
        """The rows in it."""
        both = (self.left, self.right) if self.left is not self.right else (self.left,)
        return tuple(row for row in both if row is not None)

    @property
    def number(self) -> int:
        """The number of its first row."""
        return self.rows[0].number


def rows_of_page(page: PatchPage) -> tuple[PatchRow, ...]:
    """The rows of a page, each with its kind and its numbers."""
    place, went_on = LinePlace(page.old, page.new), set(page.went_on)
    rows: list[PatchRow] = []
    for at, text in enumerate(page.rows):
        goes_on = at in went_on
        if goes_on and rows:
            before = rows[-1]
            rows.append(PatchRow(page.first + at, text, before.kind, before.old, before.new, goes_on=True))
            continue
        kind = _kind(place, text)
        old = place.old if kind in {RowKind.SAME, RowKind.REMOVED} else 0
        new = place.new if kind in {RowKind.SAME, RowKind.ADDED} else 0
        rows.append(PatchRow(page.first + at, text, kind, old, new, goes_on))
        place = place_after(place, text, goes_on)
    return tuple(rows)


def _kind(place: LinePlace, text: str) -> RowKind:
    if text.startswith("@@"):
        return RowKind.HUNK
    if not place.is_inside or text.startswith("diff --git "):
        return RowKind.HEADER
    return _KINDS.get(text[:1], RowKind.NOTE)


def entries_of(rows: Sequence[PatchRow], *, beside: bool) -> tuple[Entry, ...]:
    """The rows as they are shown; `beside` puts what was removed beside what was added instead of it."""
    if not beside:
        return tuple(Entry(row) for row in rows)
    return tuple(entry for block in _blocks(rows) for entry in block)


def _blocks(rows: Sequence[PatchRow]) -> Iterator[list[Entry]]:
    for is_changed, block in groupby(rows, lambda row: row.kind in _CHANGED):
        if is_changed:
            run = tuple(block)
            yield _paired(run)
        else:
            yield [Entry(row, row) for row in block]


def _paired(run: Sequence[PatchRow]) -> list[Entry]:
    """Removed lines beside added ones, first beside first; each takes as many rows as the longer of the two."""
    removed, added = (_lines([row for row in run if row.kind is kind]) for kind in (RowKind.REMOVED, RowKind.ADDED))
    lines = zip_longest(removed, added, fillvalue=())
    return [Entry(*pair) for left, right in lines for pair in zip_longest(left, right)]


def _lines(rows: Sequence[PatchRow]) -> list[tuple[PatchRow, ...]]:
    lines: list[tuple[PatchRow, ...]] = []
    for row in rows:
        if row.goes_on and lines:
            lines[-1] = (*lines[-1], row)
        else:
            lines.append((row,))
    return lines
