"""What is kept beside the mirrors of a folder, and what of it can go: packs of histories, and files in Git LFS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from onloop.gates.contents.history import HISTORIES
from onloop.gates.contents.large_store import LARGE
from onloop.gates.repository.folders import remove_tree
from onloop.gates.upkeep.disk_use import disk_use
from onloop.records import Record

_MIRROR = ".git"


class KeptBeside(Record):
    """A folder beside a mirror: its name, its size in bytes, and when something in it was last used (s)."""

    key: str
    size: int
    used_at: float


class Origins(Record):
    """The names of the mirrors that tasks are about: of any task, and of a live one."""

    known: frozenset[str]
    live: frozenset[str]

    def may_need(self, mirror: str) -> bool:
        """Whether a live task may need a mirror's large files; one that no task names may be that of a submodule."""
        return mirror in self.live or (mirror not in self.known and bool(self.live))


class BesideMirrors(Record):
    """The folders beside the mirrors in `folder`. Histories can always be made again.

    Files in Git LFS may be there alone before they are merged: they stay while a live task may need them, and that is
    asked again before they are removed.
    """

    folder: Path
    origins: Callable[[], Origins]

    def sizes(self) -> tuple[KeptBeside, ...]:
        """Every folder that can go."""
        origins = self.origins()
        places = [place for place in beside_mirrors(self.folder) if _can_go(place.name, origins)]
        measured = [(place.name, disk_use([place])) for place in places]
        return tuple(KeptBeside(name, use.size, use.newest) for name, use in measured)

    def remove(self, key: str) -> bool:
        """Remove a folder, unless it is needed by now; whether it is gone."""
        place = self.folder / key
        if not _can_go(key, self.origins()):
            return False
        remove_tree(place)
        return not place.exists()


def _can_go(name: str, origins: Origins) -> bool:
    return not name.endswith(LARGE) or not origins.may_need(name[1:].removesuffix(LARGE))


def beside_mirrors(folder: Path, *endings: str) -> Iterator[Path]:
    """The folders beside the mirrors in `folder` whose names have one of these endings; without one, all of them."""
    wanted = tuple(f"{_MIRROR}{ending}" for ending in endings or (HISTORIES, LARGE))
    with suppress(OSError):
        for place in sorted(folder.iterdir()):
            if place.name.startswith(".") and place.name.endswith(wanted) and place.is_dir() and not place.is_symlink():
                yield place
