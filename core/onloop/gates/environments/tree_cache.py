"""Folders that are made once and then only read, by key: whole or not at all, locked while they are made or used."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onloop import file_lock
from onloop.errors import Unavailable
from onloop.gates.box.walk import entries
from onloop.gates.repository.folders import built, private, remove_tree
from onloop.records import Record

MOST_TREES = 200
MOST_BYTES = 20 * 1024**3
"""How many folders a cache keeps, and how much space they may use; those that were not used for longest go first."""

_SIZE = ".size"
_GONE = ".gone-"
_LOCKS = "locks"
_BLOCK = 512


class GateStopped(Unavailable):
    """A gate was ended before it could answer: it has no verdict, and somebody must run it again or drop it."""

    code = "gate_stopped"


class TreeSize(Record):
    """A folder of the cache: its key, the space that it uses in bytes, and when it was last used (s, as files say)."""

    key: str
    size: int
    used_at: float


class TreeCache(Record):
    """The folders in `folder`, which only our user can enter. Any number of processes may use it at the same time."""

    folder: Path
    most: int = MOST_TREES
    most_bytes: int = MOST_BYTES

    @contextmanager
    def held(self, key: str, fill: Callable[[Path], None], stop: Callable[[], bool]) -> Iterator[tuple[Path, bool]]:
        """The folder of that key, and whether it was there already; it is not removed while the block runs.

        One process makes it with `fill`, others wait until `stop` says so: GateStopped. If `fill` fails or its process
        is killed, nothing of it stays.
        """
        private(self.folder / _LOCKS)
        lock, was_there = self._locked(key, fill, stop)
        try:
            yield self.folder / key, was_there
        finally:
            os.close(lock)

    def sizes(self) -> tuple[TreeSize, ...]:
        """All folders of the cache, the one that was used last first."""
        found = []
        with suppress(FileNotFoundError):
            for entry in os.scandir(self.folder):
                if not entry.name.startswith(".") and entry.name != _LOCKS:
                    with suppress(OSError, ValueError):
                        size = int(Path(entry.path, _SIZE).read_text())
                        found.append(TreeSize(entry.name, size, entry.stat(follow_symlinks=False).st_mtime))
        return tuple(sorted(found, key=lambda tree: -tree.used_at))

    def remove(self, key: str) -> bool:
        """Remove a folder, unless it is in use; whether it is gone."""
        lock = self._opened(key)
        try:
            if not file_lock.try_now(lock):
                return False
            gone = self.folder / f"{_GONE}{key}"
            with suppress(FileNotFoundError):
                (self.folder / key).rename(gone)
            remove_tree(gone)
            (self.folder / _LOCKS / key).unlink(missing_ok=True)
            return True
        finally:
            os.close(lock)

    def _locked(self, key: str, fill: Callable[[Path], None], stop: Callable[[], bool]) -> tuple[int, bool]:
        """The lock of a folder that is there, shared, and whether we found it."""
        path, made = self.folder / key, False
        while True:
            lock, is_kept = self._opened(key), False
            try:
                if not path.is_dir() and file_lock.try_now(lock) and self._is_current(key, lock) and not path.is_dir():
                    self._make(path, fill)
                    made = True
                if file_lock.try_now(lock, shared=True) and self._is_current(key, lock) and path.is_dir():
                    os.utime(path)
                    is_kept = True
                    return lock, not made
            finally:
                if not is_kept:
                    os.close(lock)
            if stop():
                raise GateStopped("the gate was ended while it waited for its environment", hint="run it again")
            time.sleep(file_lock.PAUSE_S)

    def _make(self, path: Path, fill: Callable[[Path], None]) -> None:
        with built(path) as folder:
            fill(folder)
            (folder / _SIZE).write_text(str(_size(folder)))
        self._make_room()

    def _make_room(self) -> None:
        for left_over in self.folder.glob(f"{_GONE}*"):
            remove_tree(left_over)
        total = 0
        for number, tree in enumerate(self.sizes()):
            total += tree.size
            if number >= self.most or total > self.most_bytes:
                self.remove(tree.key)

    def _opened(self, key: str) -> int:
        return file_lock.open_file(self.folder / _LOCKS / key)

    def _is_current(self, key: str, lock: int) -> bool:
        """Whether the lock's file still has its name: a lock on a removed file keeps nobody out."""
        with suppress(FileNotFoundError):
            return (self.folder / _LOCKS / key).stat().st_ino == os.fstat(lock).st_ino
        return False


def _size(folder: Path) -> int:
    """The space that a folder's files use, files with several names counted once."""
    seen, total = set[tuple[int, int]](), 0
    for _, _, found in entries(str(folder), unread=lambda: None):
        if found.st_nlink == 1 or (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += found.st_blocks * _BLOCK
    return total
