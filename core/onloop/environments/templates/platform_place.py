"""The kind `template`: an environment that another platform's command line makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from onloop.environments.brought import inside
from onloop.environments.port import (
    Attested,
    EnvironmentTrouble,
    FoundEnvironment,
    InsideOrder,
    TaskFolders,
    Wanted,
)
from onloop.environments.room import GIVEN, EnvironmentRoom, explained
from onloop.environments.templates import carried
from onloop.environments.templates.template_file import EnvironmentTemplate, template_named
from onloop.errors import BadInput
from onloop.gates.repository.folders import private, remove_tree
from onloop.machine.agent_environment import EnvironmentKind, weaker
from onloop.machine.definition import Isolation
from onloop.records import MutableRecord, field
from onloop.text import safe

MOST_ANSWERED = 1_048_576
ANSWER_S = 120.0
CARRY_S = 900.0
_HANDLE, _PLATFORM = "handle", "platform"
_LONGEST_HANDLE = 400
_COME_BACK = ("clone", "out", "home")
_LIMITS = (str(carried.MOST_BYTES), str(carried.MOST_FILES))


class PlatformPlace(MutableRecord):
    """See LiveEnvironment: its folders are carried in and out as archives."""

    wanted: Wanted
    template: EnvironmentTemplate
    room: EnvironmentRoom
    handle: str
    folders: TaskFolders | None = None
    has: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        """See LiveEnvironment."""
        return self.wanted.id

    @property
    def user(self) -> int | None:
        """See LiveEnvironment."""
        return None

    @property
    def is_shared(self) -> bool:
        """See LiveEnvironment."""
        return False

    @property
    def python(self) -> tuple[str, ...]:
        """See LiveEnvironment."""
        return (self.template.python, "-I", "-S")

    @property
    def sees_host_programs(self) -> bool:
        """See LiveEnvironment."""
        return False

    def inside(self) -> TaskFolders:
        """See LiveEnvironment."""
        top = Path(self.template.folder)
        return TaskFolders(*(top / name for name in ("clone", "out", GIVEN, "tmp", "home")))

    def variables(self) -> Mapping[str, str]:
        """See LiveEnvironment."""
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        return {**path, "ONLOOP_URL": self.template.url} if self.template.url else path

    def make_ready(self) -> None:
        """Carry in what starts commands and unpacks archives."""
        for source in (inside.__file__, carried.__file__):
            self._carry_in(Path(source), self._place(Path(source).name))

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment."""
        if self.folders != folders:
            self.folders, self.has = folders, set()
        coming = {name: folder for name, folder in folders.each if name == GIVEN or name not in self.has}
        archive = self.room.path / "in.tar"
        with explained(archive):
            for folder in coming.values():
                private(folder)
            carried.pack(str(archive), {name: str(folder) for name, folder in coming.items()})
        self._carry_in(archive, self._place(archive.name))
        archive.unlink(missing_ok=True)
        words = ("unpack", self._place(archive.name), self.template.folder, *_LIMITS, *coming)
        self._inside(*self.python, self._place("carried.py"), *words)
        self.has |= coming.keys()

    def bring_out(self) -> None:
        """See LiveEnvironment: what comes back replaces what is here once all of it has come."""
        if self.folders is None or not self.has:
            return
        archive, fresh = self.room.path / "out.tar", self.room.path / "out"
        words = ("pack", self._place(archive.name), self.template.folder, *_COME_BACK)
        self._inside(*self.python, self._place("carried.py"), *words)
        self._run("copy_out", CARRY_S, path=str(archive), inside=self._place(archive.name))
        remove_tree(fresh)
        unpacks = (sys.executable, "-I", "-S", carried.__file__, "unpack", str(archive), str(fresh), *_LIMITS)
        ran = subprocess.run(unpacks, capture_output=True, cwd="/", timeout=CARRY_S, check=False)
        archive.unlink(missing_ok=True)
        if ran.returncode != 0:
            said = safe(ran.stderr[-400:].decode("utf-8", "replace"), 200)
            raise EnvironmentTrouble(f"what {self.id} left cannot be brought out: {said}", hint="look inside")
        for name, folder in self.folders.each:
            come = fresh / name
            if name in _COME_BACK and come.is_dir() and not come.is_symlink():
                with explained(folder):
                    remove_tree(folder)
                    come.rename(folder)
        remove_tree(fresh)

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """See LiveEnvironment."""
        told = {
            "argv": argv,
            "folder": str(self.inside().clone),
            "environment": dict(environment),
            "egress": "",
            "ports": (),
        }
        name = self.room.order(told)
        self._carry_in(self.room.run / name, self._place(name))
        words = (*self.python, self._place("inside.py"), "run", self._place(name))
        return InsideOrder((*self._words("exec"), *words), Path("/"), dict(os.environ))

    def attest(self) -> Attested:
        """See LiveEnvironment: no more than the person says, and what the platform says where it is asked."""
        told = self._told("attest") if "attest" in self.template.commands else {}
        said = told.get("isolation", self.template.isolation.value)
        try:
            isolation = weaker(Isolation(said), self.template.isolation)
        except ValueError:
            raise EnvironmentTrouble(
                f"{self.template.name} attests {safe(str(said), 60)!r}", hint="look at it"
            ) from None
        details = told.get("details") if isinstance(told.get("details"), list) else []
        words = tuple(safe(str(each), 300) for each in details or ())[:20]
        digest = str(told.get("digest", "")).removeprefix("sha256:")
        return Attested(isolation, str(told.get("image", "")), digest, (f"template {self.template.name}", *words))

    def is_alive(self) -> bool:
        """See LiveEnvironment."""
        if "attest" not in self.template.commands:
            return True
        with suppress(EnvironmentTrouble):
            self._run("attest", ANSWER_S)
            return True
        return False

    def sweep(self) -> None:
        """See LiveEnvironment: by the platform's own command, where it is given."""
        if "sweep" in self.template.commands:
            self._run("sweep", ANSWER_S)

    def remove(self) -> None:
        """See LiveEnvironment."""
        destroy(self.template, self.id, self.handle)
        self.room.remove()

    def _place(self, name: str) -> str:
        return f"{self.template.folder}/{name}"

    def _carry_in(self, source: Path, place: str) -> None:
        self._run("copy_in", CARRY_S, path=str(source), inside=place)

    def _inside(self, *argv: str) -> None:
        ran_by(self.template.name, "exec", (*self._words("exec"), *argv), CARRY_S)

    def _words(self, command: str, **more: str) -> tuple[str, ...]:
        known = {"id": self.id, "handle": self.handle, "task": self.wanted.task}
        return self.template.words(command, **known, **more)

    def _run(self, command: str, timeout_s: float, **more: str) -> bytes:
        return ran_by(self.template.name, command, self._words(command, **more), timeout_s)

    def _told(self, command: str) -> Mapping[str, Any]:
        return object_in(self._run(command, ANSWER_S), f"{self.template.name} {command}")


class PlatformPlaceMaker:
    """See EnvironmentMaker. Its templates are in `file`; `rooms` is the folder of the rooms of this machine."""

    def __init__(self, file: Path, rooms: Path) -> None:
        self._file, self._rooms = file, rooms

    @property
    def kind(self) -> EnvironmentKind:
        """See EnvironmentMaker."""
        return EnvironmentKind.TEMPLATE

    def problem(self) -> str:
        """See EnvironmentMaker."""
        return "" if self._file.is_file() else f"there is no {self._file}"

    def make(self, wanted: Wanted) -> PlatformPlace:
        """See EnvironmentMaker."""
        template = self._template(wanted.offer.name)
        room = EnvironmentRoom(wanted.room)
        room.prepare()
        with explained(room.path):
            (room.path / _PLATFORM).write_text(template.name)
            (room.path / _HANDLE).write_text(wanted.id)
        words = template.words("create", id=wanted.id, handle=wanted.id, task=wanted.task)
        try:
            told = ran_by(template.name, "create", words, wanted.limits.start_s).strip()
            handle = str(object_in(told, f"{template.name} create").get("handle", wanted.id)) if told else wanted.id
            if not 0 < len(handle) <= _LONGEST_HANDLE or handle.startswith("-") or not handle.isprintable():
                raise EnvironmentTrouble(f"{template.name} calls it {safe(handle, 60)!r}", hint="look at its create")
            with explained(room.path):
                (room.path / _HANDLE).write_text(handle)
            made = PlatformPlace(wanted, template, room, handle)
            made.make_ready()
        except BaseException:
            with suppress(EnvironmentTrouble):
                self.remove(wanted.id)
            raise
        return made

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """See EnvironmentMaker: they are known by their rooms on this machine."""
        del store
        return ()

    def remove(self, environment: str) -> None:
        """See EnvironmentMaker."""
        room = self._rooms / environment
        try:
            name, handle = (room / _PLATFORM).read_text(), (room / _HANDLE).read_text()
        except OSError:
            return  # it was never made
        destroy(self._template(name), environment, handle)

    def removal(self, environment: str) -> tuple[str, ...]:
        """See EnvironmentMaker: it is found by its room."""
        del environment
        return ()

    def _template(self, name: str) -> EnvironmentTemplate:
        try:
            return template_named(self._file, name)
        except BadInput as problem:
            raise EnvironmentTrouble(problem.message, hint=problem.hint) from problem


def destroy(template: EnvironmentTemplate, environment: str, handle: str) -> None:
    """Have the platform remove it; EnvironmentTrouble where it says that it did not."""
    words = template.words("destroy", id=environment, handle=handle, task="")
    ran_by(template.name, "destroy", words, ANSWER_S)


def ran_by(name: str, command: str, words: tuple[str, ...], timeout_s: float) -> bytes:
    """What a platform's command prints; EnvironmentTrouble where it fails, prints too much, or takes too long."""
    try:
        ran = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as problem:
        why = f"no end in {timeout_s:.0f} s" if isinstance(problem, subprocess.TimeoutExpired) else str(problem)
        raise EnvironmentTrouble(f"{name} {command}: {safe(why, 200)}", hint="try its command by hand") from None
    if ran.returncode != 0:
        said = safe(ran.stderr[-2_000:].decode("utf-8", "replace").strip(), 300)
        words_of = f"{name} {command} ended with exit code {ran.returncode}: {said}"
        raise EnvironmentTrouble(words_of, hint="try its command by hand")
    if len(ran.stdout) > MOST_ANSWERED:
        raise EnvironmentTrouble(f"{name} {command} printed {len(ran.stdout)} bytes", hint="print one object of JSON")
    return ran.stdout


def object_in(content: bytes, what: str) -> Mapping[str, Any]:
    """The one object of JSON that a command printed; EnvironmentTrouble where it is none."""
    with suppress(ValueError, RecursionError):
        found = json.loads(content)
        if isinstance(found, dict):
            return found
    raise EnvironmentTrouble(f"{what} prints no object of JSON", hint="try its command by hand")
