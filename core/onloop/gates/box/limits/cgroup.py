"""Limits that the kernel enforces on all processes of a run together, with a control group of its own.

Both layouts work: one tree with all controllers, and a tree for each. A group is made beside our own or at the top of
what we see, never below ours: a group that holds processes cannot pass its controllers on to groups below it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from onloop.gates.box.limits.bounds import Bounds

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "onloop-box-"
_NEEDED = frozenset({"memory", "pids"})


class ControlGroup(NamedTuple):
    """A control group of one run: its folders, one or one for each controller."""

    folders: tuple[Path, ...]

    @classmethod
    def made(cls) -> ControlGroup | None:
        """A new group, named after this process; None if no group can be made that enforces both limits."""
        places = _places()
        made: list[Path] = []
        try:
            for place in places:
                _sweep(place)
                folder = place / f"{_PREFIX}{os.getpid()}"
                folder.mkdir()
                made.append(folder)
        except OSError:
            cls(tuple(made)).remove()
            return None
        return cls(tuple(made)) if made else None

    def bound(self, bounds: Bounds) -> bool:
        """Sets the limits; the answer says whether the kernel accepted them."""
        memory = str(bounds.memory_bytes)
        accepted = [
            self._set("pids.max", str(bounds.processes)),
            self._set("memory.max", memory) or self._set("memory.limit_in_bytes", memory),
        ]
        self._set("memory.swap.max", "0")
        self._set("memory.memsw.limit_in_bytes", memory)
        return all(accepted)

    def enter(self) -> None:
        """Moves the calling process, and all that it will start, into the group; OSError if that fails."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def exceeded(self, bounds: Bounds) -> str | None:
        """In words, the limit that the run has exceeded; None if it has exceeded none."""
        if self._count("pids.events", "max") > 0:
            return bounds.too_many
        if self._count("memory.events", "oom_kill") + self._count("memory.oom_control", "oom_kill") > 0:
            return bounds.too_large
        return None

    def remove(self) -> None:
        """Removes the group, if it holds no process any more."""
        for folder in self.folders:
            with suppress(OSError):
                folder.rmdir()

    def _set(self, name: str, value: str) -> bool:
        for folder in self.folders:
            if (folder / name).exists():
                with suppress(OSError):
                    (folder / name).write_text(value)
                    return True
        return False

    def _count(self, name: str, key: str) -> int:
        for folder in self.folders:
            with suppress(OSError, ValueError):
                rows = (line.split() for line in (folder / name).read_text().splitlines())
                return next((int(row[1]) for row in rows if row[0] == key), 0)
        return 0


def _places() -> tuple[Path, ...]:
    """Where a group can be made: one folder with both controllers, or a folder for each."""
    own = dict(_own_groups())
    for place in (_ROOT / own.get("", "/").lstrip("/")).parent, _ROOT:
        with suppress(OSError):
            if place.is_relative_to(_ROOT) and set((place / "cgroup.subtree_control").read_text().split()) >= _NEEDED:
                return (place,)
    apart = tuple(_ROOT / name for name in sorted(_NEEDED))
    return apart if all((place / "cgroup.procs").exists() for place in apart) else ()


def _own_groups() -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            yield controllers, path


def _sweep(place: Path) -> None:
    """Removes the groups that killed wardens left behind."""
    for folder in place.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(_PREFIX)).exists():
            with suppress(OSError):
                folder.rmdir()
