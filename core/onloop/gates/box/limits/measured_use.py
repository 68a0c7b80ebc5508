"""What processes use, measured from outside, for limits that no control group enforces."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from onloop.gates.box.walk import entries

_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512
_MOST_ENTRIES = 1_000_000


def threads(pids: Iterable[int]) -> int:
    """How many threads these processes have in all."""
    return sum(_threads(pid) for pid in pids)


def memory(pids: tuple[int, ...], most: int) -> int:
    """How much memory the processes use. If the simple sum is over `most`, shared pages are counted only once."""
    resident = sum(_resident(pid) for pid in pids)
    return resident if resident <= most else sum(_proportional(pid) for pid in pids)


class Room:
    """How much disk space the files in some folders use; make it before anything is written to them."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders
        self._before = _taken_near(folders)
        self._unread = False

    def taken(self, pids: Iterable[int], most: int) -> int:
        """The space used so far, including deleted files that a process still holds, and holes in files.

        Too many entries count as more than `most`. If the code has made a folder that we cannot read, all space used
        on the file system since the start counts.
        """
        self._unread = False
        total, count = sum(_unnamed(pid) for pid in pids), 0
        for folder in self._folders:
            for _, _, found in entries(folder, unread=self._miss):
                count += 1
                total += max(found.st_size, found.st_blocks * _BLOCK)
                if total > most or count > _MOST_ENTRIES:
                    return max(total, most + 1)
        return max(total, _taken_near(self._folders) - self._before) if self._unread else total

    def _miss(self) -> None:
        self._unread = True


def _taken_near(folders: tuple[str, ...]) -> int:
    with suppress(OSError):
        found = os.statvfs(folders[0])
        return (found.f_blocks - found.f_bfree) * found.f_frsize
    return 0


def _unnamed(pid: int) -> int:
    """The space of the files that a process holds open and that have no name."""
    total = 0
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names only
            with suppress(OSError):
                found = Path(f"/proc/{pid}/fd/{name}").stat()
                total += 0 if found.st_nlink else found.st_blocks * _BLOCK
    return total


def _threads(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat[stat.rindex(b")") + 1 :].split()[17])
    return 0


def _resident(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return _resident(pid)
