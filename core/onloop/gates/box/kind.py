"""The kinds of box, from the weakest to the strongest, and what a machine was found to have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BoxKind(StrEnum):
    """A kind of box, the weakest first: none at all, rules on paths, and namespaces of its own."""

    NONE = "none"
    LANDLOCK = "landlock"
    SEATBELT = "sandbox-exec"
    NAMESPACES = "namespaces"
    BUBBLEWRAP = "bubblewrap"

    def reaches(self, demanded: BoxKind) -> bool:
        """Whether this kind is at least as strong as the one that is demanded."""
        order = tuple(BoxKind)
        return order.index(self) >= order.index(demanded)

    @property
    def moves_paths(self) -> bool:
        """Whether code sees its folders under names of the box, the same in every run."""
        return self in {BoxKind.NAMESPACES, BoxKind.BUBBLEWRAP}


@dataclass(frozen=True, slots=True)
class Box:
    """What this machine can do, found by trying.

    `user` is the user id that code runs as outside of the box, where that is not ours; `proc` whether it has a /proc;
    `limits` what keeps the limits over all its processes together: `cgroup` or `watcher`.
    """

    kind: BoxKind
    user: int | None = None
    proc: bool = True
    limits: str = "watcher"

    @property
    def name(self) -> str:
        """The kind in words, with what makes it stronger or weaker than usual."""
        own_user = ", own user" if self.user is not None else ""
        return f"{self.kind}{own_user}" if self.proc else f"{self.kind}{own_user}, no /proc"
