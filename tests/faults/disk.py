"""A disk that does as it is told: it counts every change, and can end the process, fail, or remember what it did."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apsw

Before = Callable[["Change"], None]
DATABASE, WAL = "onloop.db", "onloop.db-wal"


@dataclass(frozen=True, slots=True)
class Change:
    """One call of SQLite that changes a file: what (write, sync, truncate, delete, lock), of which, where, to what."""

    what: str
    file: str
    at: int = 0
    content: bytes = b""


def untroubled(_: Change) -> None:
    """Nothing happens before a change."""


@dataclass(slots=True)
class Disk:
    """What happens before each change. `changes` are those that were let through; locks are counted, not kept."""

    before: Before = untroubled
    count: int = 0
    changes: list[Change] = field(default_factory=list)
    remembers: bool = False

    def about_to(self, change: Change) -> None:
        """Called before every change."""
        self.count += 1
        self.before(change)
        if self.remembers and change.what != "lock":
            self.changes.append(change)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, os.path.basename(path or "")  # noqa: PTH119 - no path, just its end

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.about_to(Change("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.about_to(Change("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.about_to(Change("sync", self._name))
        super().xSync(flags)

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        self._disk.about_to(Change("lock", self._name))
        super().xLock(level)


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        self._disk.about_to(Change("delete", os.path.basename(filename)))  # noqa: PTH119
        super().xDelete(filename, syncdir)


@contextmanager
def faulty(disk: Disk) -> Iterator[Disk]:
    """Every file that SQLite opens meanwhile lies on that disk."""
    vfs = _Vfs(disk)
    try:
        yield disk
    finally:
        vfs.unregister()


def killing(point: int, disk: Disk) -> Before:
    """End this process before the change with that number."""

    def before(change: Change) -> None:
        if disk.count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return before
