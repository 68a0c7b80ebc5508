"""Limits that the kernel keeps over all processes of a run together: a control group of its own, where one can be made.

Both layouts are known: one tree with all controllers, and a tree for each. A group is made beside our own or at the top
of what we see, never within ours: a group that holds processes may not share out its controllers.
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
        """A new one, named after this process; None where none can be made that keeps both limits."""
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
        """Sets the limits; whether the kernel took them."""
        memory = str(bounds.memory_bytes)
        taken = [
            self._set("pids.max", str(bounds.processes)),
            self._set("memory.max", memory) or self._set("memory.limit_in_bytes", memory),
        ]
        self._set("memory.swap.max", "0")
        self._set("memory.memsw.limit_in_bytes", memory)
        return all(taken)

    def enter(self) -> None:
        """Puts the process that calls this into it, and so all that it starts; OSError if that cannot be."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def exceeded(self, bounds: Bounds) -> str | None:
        """In words, which limit the kernel has had to enforce; None if none."""
        if self._count("pids.events", "max") > 0:
            return bounds.too_many
        if self._count("memory.events", "oom_kill") + self._count("memory.oom_control", "oom_kill") > 0:
            return bounds.too_large
        return None

    def remove(self) -> None:
        """Takes it away, once nobody is in it any more."""
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
    """Where a group can be made: one folder with both controllers, or one for each."""
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
    """Takes away what a warden left behind that was killed."""
    for folder in place.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(_PREFIX)).exists():
            with suppress(OSError):
                folder.rmdir()
