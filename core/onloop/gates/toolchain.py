"""Where gates find programs: on the PATH of the person who made the store, never on that of who starts a verifier."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from onloop.errors import Unavailable
from onloop.machine.definition import EnvironmentSpec
from onloop.machine.gate_facts import Program
from onloop.records import Record, replace

FILE = "toolchain"
"""The file in a store's folder that names the folders, one per line; `see FOLDER` shows one without searching it."""

NO_STORE = Path("/nonexistent/store")
"""Stands for no store: its toolchain is the system's."""

PYTHON = "{python}"

TOOLS: Mapping[str, str] = MappingProxyType({"python": "python3"})
"""What {NAME} stands for where a workflow declares nothing else."""

LARGEST_FILE = 64 * 1024
LARGEST_PROGRAM = 1 << 30

_SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin")
_ROOTS = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix/store", "/gnu/store")))
"""The folders of the system that every box shows."""

_PROGRAM_FOLDERS = frozenset({"bin", "sbin", "shims"})
_OF_A_PREFIX = ("lib", "libexec", "pyvenv.cfg")
_OF_A_HOME = ("lib", "share/pipx", "share/uv")
_MOST_ALIKE = 12
_HEAD = "# The folders in which gates find programs, in order; `see FOLDER` shows one to them without searching it.\n"


class ProgramChanged(Unavailable):
    """A program has changed since the run started."""

    code = "program_changed"


class ToolMissing(Unavailable):
    """A workflow names a tool that the store's toolchain does not have."""

    code = "tool_missing"

    @classmethod
    def of(cls, toolchain: Toolchain, name: str, tools: Mapping[str, str]) -> ToolMissing:
        """The error for {NAME}, with the programs that are there and are called alike."""
        wanted = tools.get(name[1:-1], "")
        alike = ", ".join(toolchain.alike(wanted)) or "nothing that is called alike"
        return cls(
            f"{name} is {wanted!r}, which is not in the store's toolchain, {toolchain.path}; there is: {alike}",
            hint=f"write under environment: tools: {{{name[1:-1]}: PROGRAM}}, or add a folder to {FILE} in the store",
        )


class Toolchain(Record):
    """The folders that are searched for programs, in order, and the other folders that a box shows, all read-only."""

    folders: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()

    @property
    def path(self) -> str:
        """PATH as commands see it."""
        return os.pathsep.join(map(str, self.folders))

    @property
    def view(self) -> tuple[Path, ...]:
        """What a box must show beside the system: the folders, and what their programs need."""
        return tuple(dict.fromkeys(folder for folder in (*self.folders, *self.shown) if not _is_of_the_system(folder)))

    def showing(self, programs: Iterable[Program]) -> Toolchain:
        """The toolchain with what those programs need beside their files: the installations that they belong to."""
        places = [Path(program.path).parent for program in programs if program.path]
        real = [_resolved(Path(program.path)).parent for program in programs if program.path]
        needed = (prefix for folder in (*places, *real) for prefix in (folder, *_prefixes(folder)))
        return replace(self, shown=tuple(dict.fromkeys((*self.shown, *needed))))

    def find(self, name: str) -> Path | None:
        """The program that a bare name stands for."""
        places = (folder / name for folder in self.folders)
        return next((path for path in places if path.is_file() and os.access(path, os.X_OK)), None)

    def alike(self, wanted: str) -> tuple[str, ...]:
        """The programs whose names begin as `wanted` does, before its version: at most twelve."""
        stem = Path(wanted).name.rstrip("0123456789.-") or wanted
        found = set()
        for folder in self.folders:
            with suppress(OSError):
                found |= {path.name for path in folder.iterdir() if path.name.startswith(stem)}
        return tuple(sorted(found, key=lambda name: (len(name), name))[:_MOST_ALIKE])

    def program(self, name: str, tools: Mapping[str, str] = TOOLS) -> Program:
        """A program of the machine as it is now; without a path if it is not there. `tools` says what {NAME} is."""
        wanted = tools.get(name[1:-1], "") if name.startswith("{") else name
        path = Path(wanted) if wanted.startswith("/") else self.find(wanted) if wanted else None
        digest = None if path is None else digest_of(str(path))
        return Program(name) if path is None or digest is None else Program(name, str(path), digest)

    def pinned(self, names: Iterable[str], tools: Mapping[str, str] = TOOLS) -> tuple[Program, ...]:
        """Each of those programs as it is now."""
        return tuple(self.program(name, tools) for name in sorted(set(names)) if is_of_the_machine(name))

    def holds(self, path: str) -> bool:
        """Whether a resolved path is in a folder of the machine that a box shows."""
        return any(Path(path).is_relative_to(root) for root in (*_ROOTS, *map(_resolved, self.view)))


def tools_of(environment: EnvironmentSpec) -> Mapping[str, str]:
    """What {NAME} stands for in the commands of a workflow: a bare name, or an absolute path."""
    return {**TOOLS, **{tool.name: tool.program for tool in environment.tools}}


def missing_tools(toolchain: Toolchain, environment: EnvironmentSpec, names: Iterable[str]) -> Iterator[ToolMissing]:
    """What is not there of the {NAME} among `names`, each as the error that it would be."""
    tools = tools_of(environment)
    for name in sorted(set(names)):
        if name.startswith("{") and not toolchain.program(name, tools).path:
            yield ToolMissing.of(toolchain, name, tools)


def is_of_the_machine(name: str) -> bool:
    """Whether a command's first word names a program of the machine, not of the checkout."""
    return name.startswith("/") or "/" not in name


def check_pin(found: Program, pins: Mapping[str, Program]) -> None:
    """Refuse a program that differs from the one pinned for the run; a program that was not pinned is allowed."""
    pin = pins.get(found.name)
    if pin is None or (pin.path, pin.digest) == (found.path, found.digest):
        return
    was = f"{pin.path} ({pin.digest[:12]})" if pin.path else "not there"
    now = f"{found.path} ({found.digest[:12]})" if found.path else "not there"
    raise ProgramChanged(
        f"{found.name!r} was {was} when the run started, and is {now} now", hint="onloop retry pins what is there now"
    )


def toolchain_of(store: Path) -> Toolchain:
    """The toolchain of a store: the folders that its file names and that are still safe, then the system's folders."""
    try:
        with (store / FILE).open("rb") as file:
            lines = file.read(LARGEST_FILE).decode("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        lines = []
    words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    searched = [Path(word) for word in words if not word.startswith("see ")]
    seen = [Path(word[4:].strip()) for word in words if word.startswith("see ")]
    system = (folder for folder in map(Path, _SYSTEM) if folder.is_dir())
    folders = tuple(dict.fromkeys((*_fit(searched, store), *system)))
    behind = (prefix for folder in folders for prefix in _prefixes(folder))
    return Toolchain(folders, tuple(_fit((*seen, *behind), store)))


def write_toolchain(store: Path, path: str) -> None:
    """Record the safe folders of a PATH as the store's toolchain, readable by its owner only.

    An existing record stays, so that an agent of the same user cannot choose later which programs judge its work.
    """
    folders = _fit((Path(word) for word in path.split(os.pathsep) if word.startswith("/")), store)
    text = _HEAD + "".join(f"{folder}\n" for folder in folders if "\n" not in str(folder))
    with suppress(FileExistsError):
        handle = os.open(store / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.fsencode(text))


def unfit(folder: Path, store: Path) -> str | None:
    """Why a folder cannot be part of a store's toolchain; None if it can."""
    if not folder.is_absolute() or not os.path.isdir(folder):  # noqa: PTH112 - that of pathlib raises
        return "it is not a folder that the verifier's user can see"
    real, own = _resolved(folder), _resolved(store)
    if own.is_relative_to(real) or real.is_relative_to(own):
        return "the store is in it, or it is in the store"
    writable = next((place for place in (real, *real.parents) if _is_writable_by_others(place)), None)
    return None if writable is None else f"others can write to {writable}"


def _fit(folders: Iterable[Path], store: Path) -> Iterator[Path]:
    yield from dict.fromkeys(folder for folder in folders if unfit(folder, store) is None)


def _is_writable_by_others(folder: Path) -> bool:
    status = folder.stat()
    is_shared = bool(status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX)
    return is_shared or status.st_uid not in {0, os.geteuid()}


def _prefixes(folder: Path) -> Iterator[Path]:
    """What the programs of a folder usually need beside it: an installation's libraries, never a home."""
    parent = folder.parent
    if folder.name not in _PROGRAM_FOLDERS or _is_of_the_system(folder):
        return
    if parent.name == ".local":
        yield from (parent / name for name in _OF_A_HOME)
    elif parent != Path.home() and any(os.path.exists(parent / name) for name in _OF_A_PREFIX):  # noqa: PTH110
        yield parent


def _is_of_the_system(path: Path) -> bool:
    return any(path.is_relative_to(root) for root in _ROOTS)


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def digest_of(path: str) -> str | None:
    """The sha256 of a program's file, hex; None if it is not a regular file, cannot be read, or is too large."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            s = os.fstat(handle)
            if stat.S_ISREG(s.st_mode) and s.st_size <= LARGEST_PROGRAM:
                return _digest(path, s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
        finally:
            os.close(handle)
    return None


@lru_cache(maxsize=256)
def _digest(path: str, *_state: int) -> str:
    """The sha256 of a file, read again only if its times or size changed: only root can set the change time."""
    made = sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            made.update(chunk)
    return made.hexdigest()
