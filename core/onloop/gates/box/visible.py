"""What one run may see, and under which names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onloop.gates.box.kind import Box


@dataclass(frozen=True, slots=True)
class VisibleFiles:
    """What one run may see: it may write to `checkout` and to the folders home, tmp and out in `scratch`, which exist.

    Both are private to the run. `read_only` is added to what every box shows of the system; `network` and `nested`
    (user namespaces within the box) are holes.
    """

    checkout: Path
    scratch: Path
    read_only: tuple[Path, ...] = ()
    network: bool = False
    nested: bool = False

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that the run may write to, as we see them."""
        return (self.checkout, self.scratch / "home", self.scratch / "tmp", self.scratch / "out")


@dataclass(frozen=True, slots=True)
class Inside:
    """The folders of a run as code in the box sees them."""

    checkout: str
    home: str
    tmp: str
    out: str


BOXED = Inside("/box/checkout", "/box/home", "/tmp", "/box/out")  # noqa: S108 - a name within the box


def inside(box: Box, view: VisibleFiles) -> Inside:
    """The names that the folders of `view` have for code in `box`."""
    return BOXED if box.kind.moves_paths else Inside(*(str(folder) for folder in view.writable))
