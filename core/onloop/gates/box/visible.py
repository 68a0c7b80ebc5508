"""What one run may see, and under which paths."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from onloop.gates.box.kind import Box


@dataclass(frozen=True, slots=True)
class Layered:
    """A folder that shows read-only folders, the first one on top, and keeps what the run writes apart from them.

    It is mounted over the empty folder `place`, for one run only; `room` holds what the run writes.
    """

    place: Path
    lowers: tuple[Path, ...]
    room: Path

    @property
    def upper(self) -> Path:
        """What the run has written."""
        return self.room / "upper"

    @property
    def work(self) -> Path:
        """The folder that the kernel needs for itself, beside what is written."""
        return self.room / "work"

    def holder(self, name: str) -> Path | None:
        """The uppermost folder that has something of that name."""
        places = (folder / name for folder in (self.upper, *self.lowers))
        return next((place for place in places if os.path.lexists(place)), None)


@dataclass(frozen=True, slots=True)
class Placed:
    """A folder outside that a box shows under a name of its own, read-only where nothing else is said."""

    name: str
    folder: Path
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class VisibleFiles:
    """What one run may see. It may write to `checkout` and to the existing folders home, tmp and out in `scratch`.

    Both folders are private to the run; those in `layered` are mounted for it. `read_only` is shown in addition to the
    system; `placed` are folders under other names, in boxes that move paths. `network` and `nested` (user namespaces
    within the box) are holes.
    """

    checkout: Path
    scratch: Path
    read_only: tuple[Path, ...] = ()
    network: bool = False
    nested: bool = False
    layered: tuple[Layered, ...] = ()
    placed: tuple[Placed, ...] = ()

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that the run may write to, by their paths outside."""
        return (self.checkout, self.scratch / "home", self.scratch / "tmp", self.scratch / "out")

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders in which what the run writes is found outside."""
        uppers = {folder.place: folder.upper for folder in self.layered}
        more = tuple(folder.folder for folder in self.placed if folder.is_writable)
        return (*(uppers.get(folder, folder) for folder in self.writable), *more)


@dataclass(frozen=True, slots=True)
class Inside:
    """The paths of a run's folders inside the box."""

    checkout: str
    home: str
    tmp: str
    out: str


BOXED = Inside("/box/checkout", "/box/home", "/tmp", "/box/out")  # noqa: S108 - a name within the box


def inside(box: Box, view: VisibleFiles) -> Inside:
    """The paths that the folders of `view` have inside `box`."""
    return BOXED if box.kind.moves_paths else Inside(*(str(folder) for folder in view.writable))
