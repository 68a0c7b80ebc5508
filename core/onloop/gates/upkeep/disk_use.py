"""How much space folders use, found out by a bounded walk that follows no link and opens no file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from onloop.gates.box.walk import entries
from onloop.records import Record

LONGEST_WALK_S = 10.0
"""How long one measurement may take, in seconds; what it has found by then is said to be at least so much."""

_BLOCK = 512
_UNITS = ("B", "kB", "MB", "GB", "TB")


class DiskUse(Record):
    """Space in bytes; `lately` is of files that were written after a moment, `is_whole` says that all was seen.

    `newest` is when something of it was last written, in seconds.
    """

    size: int = 0
    lately: int = 0
    is_whole: bool = True
    newest: float = 0.0

    @property
    def words(self) -> str:
        """The size as people read it."""
        return f"{'' if self.is_whole else 'at least '}{size_words(self.size)}"


def disk_use(places: Iterable[Path], after_s: float = 0.0, longest_s: float = LONGEST_WALK_S) -> DiskUse:
    """What files and folders use, a file with several names once; `lately` counts those written after `after_s`."""
    end, size, lately, newest, seen = time.monotonic() + longest_s, 0, 0, 0.0, set[tuple[int, int]]()
    for number, found in enumerate(_found(places)):
        if number % 1_000 == 999 and time.monotonic() > end:
            return DiskUse(size, lately, is_whole=False, newest=newest)
        newest = max(newest, found.st_mtime)
        if found.st_nlink > 1 and (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        size += found.st_blocks * _BLOCK
        lately += found.st_blocks * _BLOCK if found.st_mtime > after_s else 0
    return DiskUse(size, lately, newest=newest)


def _found(places: Iterable[Path]) -> Iterator[os.stat_result]:
    for place in places:
        with suppress(OSError):
            yield place.lstat()
            if place.is_dir() and not place.is_symlink():
                for _, _, found in entries(str(place), unread=lambda: None):
                    yield found


def size_words(size: float) -> str:
    """A number of bytes as people read it, such as 1.2 GB."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return ""
