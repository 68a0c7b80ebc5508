"""One file's whole patch, a page of rows at a time: all of it can be reached, however long, and little is held."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onloop.gates.repository.file_changes import LITERAL, SHOWN, RawChange, Status, raw_changes
from onloop.gates.repository.patch_cutting import OUTSIDE, Keeps, LinePlace, PatchCutter, Take, place_after
from onloop.gates.repository.patches import FORMAT, HEADER

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git, Sink

MOST_ROWS = 2_000
"""How many rows a page may have."""
MOST_CHARACTERS = 1_000_000
"""A page ends where its rows hold as many characters."""
LARGE, LARGEST = 32 * 1_048_576, 64 * 1_048_576
"""Files of more bytes than LARGE are binary to our git but here, and of more than LARGEST here, too: it holds both
sides in memory, some ten times their size. So one such patch is made at a time.
"""
_one_large = threading.Lock()
_SPACE = ("--ignore-all-space", "--ignore-blank-lines")


@dataclass(frozen=True, slots=True)
class PatchRows:
    """Rows of a patch from number `first` on (the first of all is 1), out of `total`; `hunk` is the first with `@@`.

    `place` is where in the two files the first row is, and `went_on` are the rows that continue the line before, by
    their place in `rows`. While `is_counting`, `total` is what there is so far. `is_slow` says that git makes all of
    it anew for every page.
    """

    rows: tuple[str, ...]
    first: int
    total: int
    hunk: int = 0
    place: LinePlace = OUTSIDE
    went_on: tuple[int, ...] = ()
    is_counting: bool = False
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class PatchSource:
    """The patch of one file between two commits; `without_space` leaves out what only changes white space."""

    base: str
    head: str
    file: RawChange
    columns: int
    without_space: bool = False

    @property
    def path(self) -> str:
        """The file's path."""
        return self.file.paths[-1]


def patch_rows(git: Git, source: PatchSource, first: int, count: int) -> PatchRows:
    """The rows of the patch from `first` on, at most `count`; git makes all of it for that."""
    window = _OnePage(first, count)
    cut_patch(git, source, window.take)
    return PatchRows(
        tuple(window.rows), first, window.total, window.hunk, window.place, tuple(window.went_on), is_slow=True
    )


def cut_patch(git: Git, source: PatchSource, take: Take) -> None:
    """Have git make the patch, and give on its rows as they come."""
    size = largest_of(git, source.file)
    if size <= LARGE:
        _cut(git, source, take)
    elif size <= LARGEST:
        with _one_large:
            _cut(git._replace(settings=(*git.settings, f"core.bigFileThreshold={LARGEST + 1}")), source, take)
    else:
        _cut(git, source, take)
        take(f"Not compared: it has {size:,} bytes, and of files of more than {LARGEST:,} no diff is made", False)


def largest_of(git: Git, file: RawChange) -> int:
    """The bytes of the larger side of a file, 0 for what is none."""
    asked = "".join(f"{each}\n" for each in file.ids if each.strip("0"))
    said = git.run("cat-file", "--batch-check=%(objecttype) %(objectsize)", stdin=asked.encode()).text.split("\n")
    return max((int(line.removeprefix("blob ")) for line in said if line.startswith("blob ")), default=0)


def _cut(git: Git, source: PatchSource, take: Take) -> None:
    paths = source.file.paths
    raws = raw_changes(git, source.base, source.head, paths)
    if not any(raw.paths[-1] == source.path for raw in raws):  # its name is no UTF-8, and cannot be asked for
        paths, raws = (), raw_changes(git, source.base, source.head)
    owners = [raw.paths[-1] for raw in raws for _ in range(2 if raw.status is Status.RETYPED else 1)]
    wanted = [owner == source.path for owner in owners]
    keeps: Keeps = _by_number(wanted)
    if source.without_space and not all(wanted):  # git leaves out sections then, so that numbers mean nothing
        keeps = _by_header(git, source, paths, wanted)
    cutter = PatchCutter(keeps, source.columns, take)
    _run(git, source, paths, _SPACE if source.without_space else (), cutter.take)
    cutter.end()


def _run(git: Git, source: PatchSource, paths: tuple[str, ...], more: tuple[str, ...], sink: Sink) -> None:
    words = (*FORMAT, *SHOWN, *more, "--end-of-options", source.base, source.head, "--", *paths)
    git.run("diff-tree", "-r", *words, variables=LITERAL, sink=sink)


def _by_number(wanted: list[bool]) -> Keeps:
    return lambda number, _: number < len(wanted) and wanted[number]


def _by_header(git: Git, source: PatchSource, paths: tuple[str, ...], wanted: list[bool]) -> Keeps:
    """The wanted sections by their first lines, which are looked up in the patch with all its sections."""
    found: set[str] = set()

    def take(row: str, goes_on: bool) -> None:
        if not goes_on and row.startswith(HEADER):
            found.add(row)

    cutter = PatchCutter(_by_number(wanted), 10_000, take)
    _run(git, source, paths, (), cutter.take)
    cutter.end()
    return lambda _, header: header in found


class _OnePage:
    """Counts the rows, and keeps those of one page."""

    def __init__(self, first: int, count: int) -> None:
        self._first, self._last = first, first + count - 1
        self._room = MOST_CHARACTERS
        self.rows: list[str] = []
        self.went_on: list[int] = []
        self.total, self.hunk = 0, 0
        self.place = OUTSIDE

    def take(self, row: str, goes_on: bool) -> None:
        """Take the next row."""
        self.total += 1
        if not self.hunk and not goes_on and row.startswith("@@"):
            self.hunk = self.total
        if self.total < self._first:
            self.place = place_after(self.place, row, goes_on)
        elif self.total <= self._last and self._room > 0:
            self._room -= len(row)
            self.went_on += [len(self.rows)] if goes_on else []
            self.rows.append(row)
