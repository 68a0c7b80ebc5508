"""The kinds of box, from the weakest to the strongest, and the box that a machine has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BoxKind(StrEnum):
    """A kind of box, the weakest first: none, rules on paths, and separate namespaces."""

    NONE = "none"
    LANDLOCK = "landlock"
    SEATBELT = "sandbox-exec"
    NAMESPACES = "namespaces"
    BUBBLEWRAP = "bubblewrap"

    def reaches(self, demanded: BoxKind) -> bool:
        """Whether this kind is at least as strong as `demanded`."""
        order = tuple(BoxKind)
        return order.index(self) >= order.index(demanded)

    @property
    def moves_paths(self) -> bool:
        """Whether code sees its folders under fixed names, the same in every run."""
        return self in {BoxKind.NAMESPACES, BoxKind.BUBBLEWRAP}


@dataclass(frozen=True, slots=True)
class Box:
    """A box that this machine can make, found by trying.

    `user` is the user id that code has outside the box, if it is not ours; `proc` says whether the box has a /proc;
    `limits` says what limits all its processes together: `cgroup` or `watcher`.
    """

    kind: BoxKind
    user: int | None = None
    proc: bool = True
    limits: str = "watcher"

    @property
    def name(self) -> str:
        """The kind, and what makes the box stronger or weaker than usual."""
        own_user = ", own user" if self.user is not None else ""
        return f"{self.kind}{own_user}" if self.proc else f"{self.kind}{own_user}, no /proc"
