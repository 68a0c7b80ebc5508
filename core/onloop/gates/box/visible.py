"""What one run may see, and under which paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onloop.gates.box.kind import Box


@dataclass(frozen=True, slots=True)
class VisibleFiles:
    """What one run may see. It may write to `checkout` and to the existing folders home, tmp and out in `scratch`.

    Both folders are private to the run. `read_only` is shown in addition to the system; `network` and `nested` (user
    namespaces within the box) are holes.
    """

    checkout: Path
    scratch: Path
    read_only: tuple[Path, ...] = ()
    network: bool = False
    nested: bool = False

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that the run may write to, by their paths outside."""
        return (self.checkout, self.scratch / "home", self.scratch / "tmp", self.scratch / "out")


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
