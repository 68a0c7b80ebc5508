"""Sees to it, in a warden, that a run keeps within its bounds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from onloop.gates.box import usage
from onloop.gates.box.bounds import Bounds
from onloop.gates.box.cgroup import ControlGroup

_PAUSE_S = 0.1
_SHARE = 10
"""A look may take one part in so many of the time."""


@dataclass(slots=True)
class Watch:
    """Looks at what a run uses, as often as that costs little. `group` keeps its limits where there is one."""

    bounds: Bounds
    below: Callable[[int], tuple[int, ...]]
    group: ControlGroup | None
    room: usage.Room
    pause_s: float = _PAUSE_S
    _next_walk: float = 0.0

    @classmethod
    def over(cls, bounds: Bounds, below: Callable[[int], tuple[int, ...]], *, grouped: bool) -> Watch:
        """A watch over a run that is about to start; `below` gives the processes below one."""
        group = ControlGroup.made() if grouped else None
        if group is not None and not group.bound(bounds):
            group.remove()
            group = None
        return cls(bounds, below, group, usage.Room.of(bounds.folders))

    def look(self, *, last: bool = False) -> str | None:
        """In words, which bound is exceeded; None if none. The `last` look leaves nothing out."""
        began = time.monotonic()
        pids = () if last else self.below(os.getpid())
        found = self._counted(pids) or self._walked(pids, last)
        self.pause_s = max(_PAUSE_S, _SHARE * (time.monotonic() - began))
        return found

    def close(self) -> None:
        """Lets go of what it made."""
        if self.group is not None:
            self.group.remove()

    def _counted(self, pids: tuple[int, ...]) -> str | None:
        if self.group is not None:
            return self.group.exceeded(self.bounds)
        if usage.threads(pids) > self.bounds.processes:
            return self.bounds.too_many
        return (
            self.bounds.too_large if usage.memory(pids, self.bounds.memory_bytes) > self.bounds.memory_bytes else None
        )

    def _walked(self, pids: tuple[int, ...], last: bool) -> str | None:
        began = time.monotonic()
        if began < self._next_walk and not last:
            return None
        taken = self.room.taken(pids, self.bounds.disk_bytes)
        self._next_walk = began + _SHARE * (time.monotonic() - began)
        return self.bounds.too_full if taken > self.bounds.disk_bytes else None
