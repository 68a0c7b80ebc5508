"""Where the paths that a box shows are outside of it."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import astuple, dataclass
from pathlib import Path

from onloop.gates.box import system
from onloop.gates.box.kind import Box
from onloop.gates.box.visible import BOXED, VisibleFiles

MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class Sight:
    """What a box shows of a view, looked at from outside while nothing runs in it."""

    box: Box
    view: VisibleFiles

    def outside(self, place: str) -> Path | None:
        """The path outside the box of a place in it; None if the box shows nothing there."""
        path = Path(place)
        if not self.box.kind.moves_paths:
            return self._held(path) or path
        if any(path.is_relative_to(folder) for folder in (*system.folders(), *self.view.read_only)):
            return path
        placed = ((each.name, each.folder) for each in self.view.placed)
        for name, folder in (*zip(astuple(BOXED), self.view.writable, strict=True), *placed):
            if path.is_relative_to(name):
                return self._held(folder / path.relative_to(name)) or folder / path.relative_to(name)
        return None

    def real(self, place: str) -> str:
        """Where a path in the box leads, following links as code in the box follows them."""
        left, here, links = deque(Path(place).parts), "/", 0
        while left:
            word = left.popleft()
            if word == "/":
                here = "/"
            elif word == "..":
                here = str(Path(here).parent)
            elif (target := self._target(next_one := f"{here.rstrip('/')}/{word}")) is None:
                here = next_one
            elif (links := links + 1) > MOST_LINKS:
                return next_one
            else:
                left.extendleft(reversed(Path(target).parts))
        return here

    def _target(self, place: str) -> str | None:
        """What a link in the box says; None for everything else."""
        found = self.outside(place)
        return os.readlink(found) if found is not None and os.path.islink(found) else None  # noqa: PTH114, PTH115

    def _held(self, path: Path) -> Path | None:
        """The path in the layer that has it; None outside of the layered folders, and for what no layer has."""
        for folder in self.view.layered:
            if path.is_relative_to(folder.place):
                return folder.holder(os.fspath(path.relative_to(folder.place)))
        return None
