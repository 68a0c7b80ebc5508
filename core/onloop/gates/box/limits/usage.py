"""What processes use, counted from outside: for limits that no control group keeps."""

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
    """How many processes and threads these are."""
    return sum(_threads(pid) for pid in pids)


def memory(pids: tuple[int, ...], most: int) -> int:
    """How much memory they use, pages that they share counted once if it would else be more than `most`."""
    simply = sum(_resident(pid) for pid in pids)
    return simply if simply <= most else sum(_proportional(pid) for pid in pids)


class Room:
    """How much room the files in some folders take up; made before anything is written to them."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        self._folders = folders
        self._before = _taken_near(folders)
        self._unread = False

    def taken(self, pids: Iterable[int], most: int) -> int:
        """The room taken by now, with files that only a process holds; holes in files are room, too.

        More entries than a disk should have to hold count as more than `most`. Where code has made a folder that we
        cannot look into, all that has come to be taken on the file system is held against it.
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
    """What a process holds in files that have no name any more, or never had one."""
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
