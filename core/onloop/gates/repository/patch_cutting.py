"""A patch as rows: cut from git's output as it comes, each made safe to show and no wider than a row may be."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from onloop.gates.repository.patches import HEADER
from onloop.text import safe

Keeps = Callable[[int, str], bool]
"""Whether a section of a patch is wanted, by its number from 0 and its first line."""
Take = Callable[[str, bool], None]
"""Takes a row, and whether it goes on with the line of the row before."""

_LONG = 65_536
_HUNK = re.compile(r"@@ -(\d{1,12})(?:,\d+)? \+(\d{1,12})(?:,\d+)? @@")


class LinePlace(NamedTuple):
    """The numbers that the next line has in the old and in the new file; both 0 outside of a hunk."""

    old: int = 0
    new: int = 0

    @property
    def is_inside(self) -> bool:
        """Whether the rows here are lines of the file, and no header."""
        return self != OUTSIDE


OUTSIDE = LinePlace()


def place_after(place: LinePlace, row: str, goes_on: bool) -> LinePlace:
    """Where one is after a row."""
    sign = row[:1]
    if goes_on:
        return place
    if sign == "@" and (found := _HUNK.match(row)) is not None:
        return LinePlace(int(found[1]), int(found[2]))
    if sign == "d" and row.startswith(HEADER):
        return OUTSIDE
    if place.is_inside and sign in {" ", "-", "+"}:
        return LinePlace(place.old + (sign != "+"), place.new + (sign != "-"))
    return place


class PatchCutter:
    """Takes a patch in chunks, and gives on the rows of the sections that are wanted, of at most `columns` cells.

    A line that is too long for a row goes on in the next, behind its sign and `↪`. The text is safe to show.
    """

    def __init__(self, keeps: Keeps, columns: int, take: Take) -> None:
        self._keeps, self._columns, self._give = keeps, columns, take
        self._section, self._is_kept = -1, False
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._begun, self._sign, self._goes_on = "", "", False

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *lines, self._begun = (self._begun + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            self._line(line)
            self._goes_on = False
        if len(self._begun) > _LONG:
            self._sign = self._sign if self._goes_on else self._begun[:1]
            *rows, self._begun = pieces(self._sign, safe(self._begun), self._columns, begun=self._goes_on)
            self._count(rows)
            self._begun, self._goes_on = self._begun[2:], True

    def end(self) -> None:
        """The patch is over."""
        if self._begun:
            self._line(self._begun)
            self._begun = ""

    def _line(self, line: str) -> None:
        if not self._goes_on and line.startswith(HEADER):
            self._section += 1
            self._is_kept = self._keeps(self._section, line)
        if not self._goes_on and len(line) <= self._columns - 2 and line.isascii() and line.isprintable():
            if self._is_kept:
                self._give(line, False)
        else:
            sign = self._sign if self._goes_on else line[:1]
            self._count(list(pieces(sign, safe(line), self._columns, begun=self._goes_on)))

    def _count(self, rows: list[str]) -> None:
        if self._is_kept:
            for number, row in enumerate(rows):
                self._give(row, self._goes_on or number > 0)
        self._goes_on = self._goes_on or bool(rows)


def pieces(sign: str, line: str, columns: int, *, begun: bool) -> Iterator[str]:
    """The line in rows of at most `columns` cells; those that go on begin with the line's sign and `↪`."""
    again = f"{sign if sign in {'+', '-'} else ' '}↪"
    start, is_first = 0, not begun
    while start < len(line) or is_first:
        end = _end_of(line, start, columns if is_first else columns - 2)
        yield line[start:end] if is_first else f"{again}{line[start:end]}"
        start, is_first = end, False


def _end_of(line: str, start: int, columns: int) -> int:
    """Where a row ends that begins at `start`; what is not ASCII may be two cells wide."""
    end = start + columns
    if line[start:end].isascii():
        return min(end, len(line))
    cells = 0
    for place in range(start, min(end, len(line))):
        cells += 1 if line[place].isascii() else 2
        if cells > columns:
            return max(place, start + 1)
    return min(end, len(line))
