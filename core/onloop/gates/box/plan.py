"""The part of a warden's order that makes it run one command in a box."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from onloop.errors import Unavailable
from onloop.gates.box import system
from onloop.gates.box.box_layout import layout
from onloop.gates.box.folder_owners import give
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.kinds import bubblewrap, seatbelt
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.sight import Sight
from onloop.gates.box.visible import VisibleFiles, inside
from onloop.gates.repository.folders import remove_tree

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_TMP = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - both are the run's own folder in the box
_SLACK = 64
"""How many processes can start beyond the limit, so that the watch can see that the limit is exceeded."""


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """One command in a box."""

    box: Box
    view: VisibleFiles
    argv: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    bounds: Bounds

    def as_order(self) -> dict[str, object]:
        """Prepares the folders of the view; the answer is the box's part of an order."""
        return self._common() | self._own() | self._ready()

    @property
    def is_missing(self) -> bool:
        """Whether the box would not find the program anywhere."""
        program = self.argv[0]
        folders = [""] if "/" in program else self.environment.get("PATH", os.defpath).split(os.pathsep)
        places = (os.path.normpath(Path(self.folder, folder, program)) for folder in folders)
        sight = Sight(self.box, self.view)
        return not any(os.path.lexists(outside) for place in places if (outside := _found(sight, place)) is not None)

    def _common(self) -> dict[str, object]:
        return {
            "kind": str(self.box.kind),
            "user": self.box.user,
            "proc": self.box.proc,
            "grouped": self.box.limits == "cgroup",
            "network": self.view.network,
            "nested": self.view.nested,
            "bounds": self.bounds.as_order(),
            "processes": self.bounds.processes + _SLACK,
            "layers": [[str(folder.place), str(folder.room), *map(str, folder.lowers)] for folder in self.view.layered],
        }

    def _own(self) -> dict[str, object]:
        match self.box.kind:
            case BoxKind.NONE:
                return {}
            case BoxKind.BUBBLEWRAP:
                return self._bubblewrap()
            case BoxKind.NAMESPACES:
                return {"items": layout(self.view, self._etc())}
            case BoxKind.LANDLOCK:
                return self._landlock()
            case BoxKind.SEATBELT:
                return {"start": (seatbelt.PROGRAM, "-p", seatbelt.profile(self.view))}
            case _:
                assert_never(self.box.kind)

    def _bubblewrap(self) -> dict[str, object]:
        program = bubblewrap.program()
        if program is None:
            raise Unavailable(
                "bubblewrap is not on this machine any more", hint="install it again, or restart the verifier"
            )
        most = None if self.box.limits == "cgroup" else self.bounds.processes + _SLACK
        more, command = bubblewrap.command(self.box, list(self.argv), self.folder, self.environment, most)
        arguments = (*bubblewrap.arguments(self.box, self.view, self._etc()), *more)
        return {"program": program, "arguments": arguments, "command": command}

    def _landlock(self) -> dict[str, object]:
        etc = (*system.etc_files(self.view.network), *system.etc_folders(), Path("/etc/passwd"), Path("/etc/group"))
        placed = tuple(each.folder for each in self.view.placed)
        shown = (*system.folders(), *etc, *self.view.read_only, *placed, Path("/proc"))
        return {
            "readable": tuple(map(str, shown)),
            "writable": tuple(map(str, self.view.written)),
            "devices": _DEVICES,
        }

    def _etc(self) -> Path:
        """The folder that becomes the box's /etc, in the run's scratch: copied files, and files written for the box."""
        etc = self.view.scratch / "etc"
        if not etc.exists():
            for folder in system.etc_folders():
                (etc / folder.relative_to("/etc")).mkdir(parents=True)
            for file in system.etc_files(self.view.network):
                copy = etc / file.relative_to("/etc")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            home = inside(self.box, self.view).home
            for name, text in system.written_etc(system.USER, home, self.view.network).items():
                (etc / name).write_text(text)
            for path in (etc, *etc.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
        return etc

    def _ready(self) -> dict[str, object]:
        if self.box.kind.moves_paths:
            for name in _mounted_in_tmp(self.view.read_only):
                _clear(self.view.scratch / "tmp" / name)
        if self.box.user is not None:
            for place in self.view.written:
                give(place, self.box.user)
        return self._links()

    def _links(self) -> dict[str, object]:
        """The folder in which the warden names the layers."""
        links = self.view.scratch / "links"
        if links.exists():
            remove_tree(links)
        if self.view.layered:
            links.mkdir(mode=0o700)
        return {"links": str(links)}


def _found(sight: Sight, place: str) -> Path | None:
    """Where a place in the box is outside, following the links among the folders above it."""
    folder, name = os.path.split(place)
    return sight.outside(os.path.join(sight.real(folder), name))  # noqa: PTH118 - of a path in the box


def _mounted_in_tmp(shown: Iterable[Path]) -> frozenset[str]:
    """The names in the run's temporary folder below which the box shows folders of the machine."""
    places = [path.relative_to(tmp) for path in shown for tmp in _TMP if path.is_relative_to(tmp)]
    return frozenset(place.parts[0] for place in places if place.parts)


def _clear(place: Path) -> None:
    """Remove what earlier code left at a place that the box will use: a link there would lead outside."""
    if place.is_dir() and not place.is_symlink():
        remove_tree(place)
    else:
        place.unlink(missing_ok=True)
    if os.path.lexists(place):
        raise Unavailable(f"cannot remove {place}", hint="remove it, or keep the toolchain outside /tmp")
