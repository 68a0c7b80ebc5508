"""Rows that are looked for in patches: the next hunk, or the next with a text, in pages as they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onloop.views.changes import PatchPage
from onloop_tui.model.diff.dressing import lowered

MOST_ROWS = 400_000
"""How many rows one search looks at; the next one goes on from there."""
LONGEST = 200
"""The longest text that is searched for."""
_AT_ONCE = 2_000

ReadRows = Callable[[str, int, int], PatchPage]
"""Reads a page of a file's patch: its path, the first row, how many."""


@dataclass(frozen=True, slots=True)
class HitRow:
    """Where it is; without a row, how far it was looked. `is_all` if every file was looked at and it is nowhere."""

    path: str
    row: int = 0
    looked_at: int = 0
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: rows with the text, or the beginnings of hunks where that is empty."""

    text: str = ""

    def rows_in(self, page: PatchPage) -> list[int]:
        """The numbers of the page's rows that fit; a text may begin in one row of a line and end in the next."""
        if not self.text:
            return [page.first + at for at, row in enumerate(page.rows) if row.startswith("@@")]
        change = lowered if self.text == self.text.lower() else str
        went_on, tail, found = set(page.went_on), "", list[int]()
        for at, row in enumerate(page.rows):
            inner = change(row[2:] if at in went_on else row)
            if self.text in (f"{tail}{inner}" if at in went_on else inner):
                found.append(page.first + at)
            tail = inner[-(len(self.text) - 1) :] if len(self.text) > 1 else ""
        return found


def next_found(paths: tuple[str, ...], path: str, row: int, step: int, wanted: Sought, read: ReadRows) -> HitRow:
    """The next fitting row after (step 1) or before (-1) a row of a file, then in the files after it, round to itself.

    What git still makes is waited for, page by page.
    """
    start, left = paths.index(path), MOST_ROWS
    for turn in range(len(paths) + 1):
        here = paths[(start + step * turn) % len(paths)]
        at = row if turn == 0 else None
        found, looked = _in_file(here, at, step, wanted, read, left)
        left -= looked
        if found:
            return HitRow(here, found, MOST_ROWS - left)
        if left <= 0:
            return HitRow(here, 0, MOST_ROWS - left)
    return HitRow(path, 0, MOST_ROWS - left, is_all=True)


def _in_file(path: str, row: int | None, step: int, wanted: Sought, read: ReadRows, left: int) -> tuple[int, int]:
    """The row found, or 0, and how many rows were looked at."""
    if step > 0:
        return _ahead(path, 1 if row is None else row + 1, wanted, read, left)
    last = _length(path, read) if row is None else row - 1
    return _back(path, last, wanted, read, left)


def _ahead(path: str, first: int, wanted: Sought, read: ReadRows, left: int) -> tuple[int, int]:
    looked = 0
    while looked < left:
        page = read(path, first, _AT_ONCE)
        looked += max(1, len(page.rows))
        found = wanted.rows_in(page)
        if found:
            return found[0], looked
        first += len(page.rows)
        if not page.is_counting and (not page.rows or first > page.total):
            return 0, looked
    return 0, looked


def _back(path: str, last: int, wanted: Sought, read: ReadRows, left: int) -> tuple[int, int]:
    looked = 0
    while last > 0 and looked < left:
        first = at = max(1, last - _AT_ONCE + 1)
        found: list[int] = []
        while at <= last:  # a page of long rows ends before it has as many as were asked for
            page = read(path, at, last - at + 1)
            found += wanted.rows_in(page)
            at += max(1, len(page.rows))
        looked += last - first + 1
        if found:
            return found[-1], looked
        last = first - 1
    return 0, looked


def _length(path: str, read: ReadRows) -> int:
    page = read(path, 1, 1)
    while page.is_counting:
        page = read(path, max(1, page.total), 1)
    return page.total
