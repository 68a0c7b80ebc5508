"""Checks, in a warden, that a run stays within its bounds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from onloop.gates.box.limits import measured_use
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.limits.cgroup import ControlGroup

_PAUSE_S = 0.1
_WALK_PAUSE_S = 0.25
_SHARE = 25
"""Looking may take at most one part in so many of the time."""


class ResourceWatch:
    """Measures what a run uses, from its start, as often as that is cheap.

    `below` gives the descendants of a process; `group` is the control group that enforces the limits, if one was asked
    for and can be made.
    """

    def __init__(self, bounds: Bounds, below: Callable[[int], tuple[int, ...]], *, grouped: bool) -> None:
        self.pause_s = _PAUSE_S
        self.group = _bound_group(bounds) if grouped else None
        self._bounds, self._below = bounds, below
        self._room = measured_use.Room(bounds.folders)
        self._next_look = time.monotonic() + _PAUSE_S
        self._next_walk = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time to look again. A run that wakes us often is not looked at more often."""
        return time.monotonic() >= self._next_look

    def look(self, *, last: bool = False) -> str | None:
        """In words, which bound is exceeded; None if none. The `last` look, after the end, always checks the disk."""
        began = time.monotonic()
        exceeded = self._counted(last) or self._walked(last)
        ended = time.monotonic()
        self.pause_s = max(_PAUSE_S, _SHARE * (ended - began))
        self._next_look = ended + self.pause_s
        return exceeded

    def close(self) -> None:
        """Removes the control group."""
        if self.group is not None:
            self.group.remove()

    def _counted(self, last: bool) -> str | None:
        if self.group is not None:
            return self.group.exceeded(self._bounds)
        pids = () if last else self._below(os.getpid())
        if measured_use.threads(pids) > self._bounds.processes:
            return self._bounds.too_many
        most = self._bounds.memory_bytes
        return self._bounds.too_large if measured_use.memory(pids, most) > most else None

    def _walked(self, last: bool) -> str | None:
        began = time.monotonic()
        if began < self._next_walk and not last:
            return None
        pids = () if last else self._below(os.getpid())
        taken = self._room.taken(pids, self._bounds.disk_bytes)
        self._next_walk = began + max(_WALK_PAUSE_S, _SHARE * (time.monotonic() - began))
        return self._bounds.too_full if taken > self._bounds.disk_bytes else None


def _bound_group(bounds: Bounds) -> ControlGroup | None:
    group = ControlGroup.made()
    if group is None or group.bound(bounds):
        return group
    group.remove()
    return None
