"""One file's whole patch, a page of rows at a time: all of it can be reached, however long, and little is held."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onloop.gates.repository.file_changes import LITERAL, SHOWN, FileChange, Status, raw_changes
from onloop.gates.repository.patches import FORMAT, HEADER, paths_of
from onloop.text import safe

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

MOST_ROWS = 2_000
"""How many rows a page may have."""
MOST_CHARACTERS = 1_000_000
"""A page ends where its rows hold as many characters."""
_LONG = 65_536


@dataclass(frozen=True, slots=True)
class PatchRows:
    """Rows of a patch from number `first` on (the first of all is 1), out of `total`; `hunk` is the first with `@@`.

    A line that is too long for a row goes on in the next, behind its sign and `↪`. The text is safe to show.
    """

    rows: tuple[str, ...]
    first: int
    total: int
    hunk: int = 0


def patch_rows(git: Git, base: str, head: str, file: FileChange, first: int, count: int, columns: int) -> PatchRows:
    """The rows of `file`'s patch from `first` on, at most `count` of at most `columns` each."""
    paths = paths_of(file)
    raws = raw_changes(git, base, head, paths)
    if not any(raw.paths[-1] == file.path for raw in raws):  # its name is no UTF-8, and cannot be asked for
        paths, raws = (), raw_changes(git, base, head)
    owners = [raw.paths[-1] for raw in raws for _ in range(2 if raw.status is Status.RETYPED else 1)]
    window = _PatchWindow([owner == file.path for owner in owners], first, count, columns)
    words = (*FORMAT, *SHOWN, "--end-of-options", base, head, "--", *paths)
    git.run("diff-tree", "-r", *words, variables=LITERAL, sink=window.take)
    window.end()
    return PatchRows(tuple(window.rows), first, window.total, window.hunk)


class _PatchWindow:
    """Takes a patch in chunks, counts the rows of the sections that are wanted, and keeps those of one page."""

    def __init__(self, wanted: Sequence[bool], first: int, count: int, columns: int) -> None:
        self._wanted, self._section = wanted, -1
        self._first, self._last, self._columns = first, first + count - 1, columns
        self._room = MOST_CHARACTERS
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._begun, self._sign, self._goes_on = "", "", False
        self.rows: list[str] = []
        self.total, self.hunk = 0, 0

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *lines, self._begun = (self._begun + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            self._line(line)
            self._goes_on = False
        if len(self._begun) > _LONG:
            self._sign = self._sign if self._goes_on else self._begun[:1]
            *rows, self._begun = _pieces(self._sign, safe(self._begun), self._columns, begun=self._goes_on)
            self._count(rows)
            self._begun, self._goes_on = self._begun[2:], True

    def end(self) -> None:
        """The patch is over."""
        if self._begun:
            self._line(self._begun)

    def _line(self, line: str) -> None:
        if not self._goes_on and line.startswith(HEADER):
            self._section += 1
        if line.isascii() and line.isprintable() and len(line) <= self._columns - 2:
            self._count((line,))
        else:
            sign = self._sign if self._goes_on else line[:1]
            self._count(list(_pieces(sign, safe(line), self._columns, begun=self._goes_on)))

    def _count(self, rows: Sequence[str]) -> None:
        if not (0 <= self._section < len(self._wanted) and self._wanted[self._section]):
            return
        for row in rows:
            self.total += 1
            if not self.hunk and row.startswith("@@"):
                self.hunk = self.total
            if self._first <= self.total <= self._last and self._room > 0:
                self._room -= len(row)
                self.rows.append(row)


def _pieces(sign: str, line: str, columns: int, *, begun: bool) -> Iterator[str]:
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
