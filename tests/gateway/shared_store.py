"""A store on disk that two processes share, as far as SQLite can tell: it can be restarted, or die at any write."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from faults.disk import Change, Disk, faulty, untroubled
from gateway.shop import Clock, Shop
from onloop.errors import OnloopError
from onloop.store.sqlite.database import SqliteStore, anchor_of, create_store
from onloop.store.sqlite.inspection import inspect

QUICK = Path("/dev/shm")  # noqa: S108 - where a sync costs nothing; in a folder of our own


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="onloop-model-", dir=QUICK if QUICK.is_dir() else None))


@cache
def _beginning() -> dict[str, bytes]:
    """The files of a store in which people are enrolled and nothing else has happened."""
    place = _folder()
    create_store(place / "store")
    store = SqliteStore(place / "store")
    Shop(store)
    store.close()
    files = {file.name: file.read_bytes() for file in (place / "store").iterdir()}
    files[".."] = anchor_of(place / "store").read_bytes()
    shutil.rmtree(place)
    return files


class SharedStore:
    """Two connections to one store, each with a shop of its own, and one clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.place, self.number = _folder(), 0
        self.folder.mkdir(mode=0o700)
        for name, content in _beginning().items():
            (anchor_of(self.folder) if name == ".." else self.folder / name).write_bytes(content)
        self._open()

    @property
    def folder(self) -> Path:
        return self.place / f"store{self.number}"

    def _open(self) -> None:
        self.stores = [SqliteStore(self.folder), SqliteStore(self.folder)]
        self.shops = [Shop(store, self.clock) for store in self.stores]

    def _close(self) -> None:
        while self.stores:
            self.stores.pop().close()

    def restart(self) -> None:
        """Both processes end in good order, which checkpoints, and two others begin."""
        self._close()
        self._open()

    def problems(self) -> tuple[str, ...]:
        """What verification finds."""
        return inspect(self.stores[0]).problems

    def remove(self) -> None:
        """There was never such a store."""
        self._close()
        shutil.rmtree(self.place)

    def die_in(self, act: Callable[[Shop], object], point: int) -> bool:
        """All processes are killed before the change with that number that `act` makes to any file.

        What they leave is copied at that moment; the answer is whether `act` was done before, and acknowledged.
        """
        disk, seen = Disk(), list[bool]()
        with faulty(disk):
            store = SqliteStore(self.folder)
            shop, first = Shop(store, self.clock), disk.count

            def before(_: Change) -> None:
                if disk.count - first == point:
                    self._copy()
                    seen.append(True)

            disk.before = before
            with suppress(OnloopError):
                act(shop)
            disk.before = untroubled
            if not seen:
                self._copy()
            store.close()
        self._close()
        shutil.rmtree(self.folder)
        self.number += 1
        self._open()
        return not seen

    def _copy(self) -> None:
        """What a kill leaves: database and log as they are, and the anchor; shared memory dies with its users."""
        dead = self.folder
        left = dead.with_name(f"store{self.number + 1}")
        left.mkdir(mode=0o700)
        for name in ("onloop.db", "onloop.db-wal"):
            if (dead / name).exists():
                shutil.copyfile(dead / name, left / name)
        shutil.copyfile(anchor_of(dead), anchor_of(left))
