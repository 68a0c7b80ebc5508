"""The kind `box`: an agent in the box of this machine, as gates have it, with its model and the gateway in reach.

It sees the system's programs, its own folders, the folders named as readable, and two sockets. There is no network: a
proxy on one of the sockets lets through to named addresses.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from onloop.environments.brought import inside
from onloop.environments.port import (
    Attested,
    EnvironmentTrouble,
    FoundEnvironment,
    InsideOrder,
    TaskFolders,
    Wanted,
)
from onloop.environments.room import RUN, EnvironmentRoom, explained
from onloop.gates.box.folder_owners import give, take_back
from onloop.gates.box.kind import Box
from onloop.gates.box.plan import BoxPlan
from onloop.gates.box.visible import BOXED, Placed, VisibleFiles
from onloop.gates.command_process import Limits
from onloop.gates.repository.folders import private
from onloop.gates.strongest_box import strongest_box
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import MutableRecord

_TOP = Path(BOXED.checkout).parent
RUN_INSIDE = _TOP / RUN
INSIDE = TaskFolders(Path(BOXED.checkout), _TOP / "task-out", _TOP / "task-in", _TOP / "task-tmp", _TOP / "task-home")
_MIB = 1_048_576


class BoxedPlace(MutableRecord):
    """See LiveEnvironment: each command has a box of its own, which ends with it."""

    wanted: Wanted
    box: Box
    room: EnvironmentRoom
    folders: TaskFolders | None = None

    @property
    def id(self) -> str:
        """See LiveEnvironment."""
        return self.wanted.id

    @property
    def user(self) -> int | None:
        """See LiveEnvironment."""
        return self.box.user

    @property
    def is_shared(self) -> bool:
        """See LiveEnvironment."""
        return True

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment: the folders are shown, and are those of the box's user meanwhile."""
        self.folders = folders
        with explained(folders.clone):
            for _, folder in folders.each:
                private(folder)
            if self.user is not None:
                give(folders.given, self.user)

    def inside(self) -> TaskFolders:
        """See LiveEnvironment."""
        return INSIDE

    def variables(self) -> Mapping[str, str]:
        """See LiveEnvironment."""
        path = (
            str(RUN_INSIDE / "bin"),
            str(Path(sys.executable).parent),
            *_programs(self.wanted.readable),
            "/usr/local/bin",
            "/usr/bin",
            "/bin",
        )
        return {
            "PATH": os.pathsep.join(dict.fromkeys(path)),
            "TMPDIR": BOXED.tmp,
            "ONLOOP_URL": f"unix:{RUN_INSIDE / self.wanted.gateway.name}",
        }

    @property
    def python(self) -> tuple[str, ...]:
        """See LiveEnvironment."""
        return (sys.executable, "-I", "-S")

    @property
    def sees_host_programs(self) -> bool:
        """See LiveEnvironment."""
        return True

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """See LiveEnvironment."""
        view, limits = self._view(), self.wanted.limits
        named = self.room.order(
            {
                "argv": argv,
                "folder": str(INSIDE.clone),
                "environment": dict(environment),
                "egress": str(RUN_INSIDE / self.wanted.egress.name) if self.wanted.reach else "",
                "ports": self.wanted.loopback_ports,
            }
        )
        words = (*self.python, inside.__file__, "run", str(RUN_INSIDE / named))
        together = Limits(
            memory_bytes=limits.memory_mib * _MIB, processes=limits.processes, disk_bytes=limits.disk_mib * _MIB
        ).together(tuple(map(str, view.written)))
        few = {"PATH": "/usr/bin:/bin"}
        with explained(self.room.path):
            planned = BoxPlan(self.box, view, words, str(INSIDE.clone), few, together).as_order()
        return InsideOrder(words, INSIDE.clone, few, planned)

    def _view(self) -> VisibleFiles:
        if self.folders is None:
            raise EnvironmentTrouble(f"{self.id} has no task's folders", hint="claim the task again")
        placed = [
            Placed(str(RUN_INSIDE), self.room.run),
            Placed(str(INSIDE.given), self.folders.given),
            Placed(str(INSIDE.out), self.folders.out, is_writable=True),
            Placed(str(INSIDE.temporary), self.folders.temporary, is_writable=True),
            Placed(str(INSIDE.home), self.folders.home, is_writable=True),
        ]
        return VisibleFiles(
            self.folders.clone, self.room.path / "box", (*ours(), *self.wanted.readable), placed=tuple(placed)
        )

    def attest(self) -> Attested:
        """See LiveEnvironment."""
        reach = ", ".join(self.wanted.reach)
        limits = self.wanted.limits
        details = (
            self.box.name,
            f"no network but {reach} by proxy" if reach else "no network",
            f"{limits.memory_mib} MiB, {limits.processes} processes",
            *(f"sees {path}" for path in self.wanted.readable[:8]),
        )
        return Attested(self.wanted.offer.gives, details=details)

    def is_alive(self) -> bool:
        """See LiveEnvironment."""
        return self.room.run.is_dir()

    def sweep(self) -> None:
        """See LiveEnvironment: with the box, everything in it ended."""

    def bring_out(self) -> None:
        """See LiveEnvironment: the folders are ours again."""
        if self.folders is not None and self.user is not None:
            with explained(self.folders.clone):
                for _, folder in self.folders.each:
                    if folder.is_dir() and not folder.is_symlink():
                        take_back(folder)

    def remove(self) -> None:
        """See LiveEnvironment."""
        self.bring_out()
        self.room.remove()


class BoxedPlaceMaker:
    """See EnvironmentMaker."""

    def __init__(self, found_box: Callable[[], Box] = strongest_box) -> None:
        self._box = found_box

    @property
    def kind(self) -> EnvironmentKind:
        """See EnvironmentMaker."""
        return EnvironmentKind.BOX

    def problem(self) -> str:
        """See EnvironmentMaker: only a box with files and a network of its own keeps an agent to its addresses."""
        box = self._box()
        return "" if box.kind.moves_paths else f"the box of this machine is {box.name}: install bubblewrap"

    def make(self, wanted: Wanted) -> BoxedPlace:
        """See EnvironmentMaker."""
        if problem := self.problem():
            raise EnvironmentTrouble(problem, hint="onloop doctor says what this machine has")
        box = self._box()
        room = EnvironmentRoom(wanted.room, box.user)
        room.prepare()
        with explained(room.path):
            for name in ("home", "tmp", "out"):
                private(room.path / "box" / name)
            _put_onloop(room.run / "bin")
        return BoxedPlace(wanted, box, room)

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """See EnvironmentMaker: a box ends with its worker; its room is found by itself."""
        del store
        return ()

    def remove(self, environment: str) -> None:
        """See EnvironmentMaker."""
        del environment

    def removal(self, environment: str) -> tuple[str, ...]:
        """See EnvironmentMaker."""
        del environment
        return ()


def _put_onloop(folder: Path) -> None:
    """The `onloop` of this code and interpreter, whatever the folder and the variables of an agent."""
    start = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from onloop.cli.entry import main; raise SystemExit(main())"
    )
    words = (sys.executable, "-I", "-c", start, str(Path(__file__).parents[2]))
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    (folder / "onloop").write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    (folder / "onloop").chmod(0o755)


def ours() -> tuple[Path, ...]:
    """Our interpreter and our code, which a box shows so that `onloop` works inside."""
    code = Path(__file__).parents[2]
    return tuple(dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), code)))


def _programs(readable: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(str(path) for path in readable if path.is_dir())
