"""How a person gets into the environment in which a task's agent works, on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from onloop.agents.places.left_environments import is_alive
from onloop.agents.places.lent_place import host_name
from onloop.environments.containers.container import INSIDE as IN_CONTAINER
from onloop.environments.containers.container import name_of
from onloop.environments.containers.engine import engine
from onloop.environments.room import noted
from onloop.environments.vm.virtual_machine import INSIDE as IN_MACHINE
from onloop.environments.vm.virtual_machine import PRIVATE, client_words, written_order
from onloop.errors import Exit, Refused, Unavailable
from onloop.home import Home
from onloop.inherited import LOCALE
from onloop.machine.agent_environment import EnvironmentKind
from onloop.machine.task import Task
from onloop.records import Record
from onloop.text import safe

_USUAL = ("TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE", "TZ")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_CONTAINERS = frozenset({EnvironmentKind.CONTAINER, EnvironmentKind.DEVCONTAINER})
_BEST_SHELL = "if command -v bash >/dev/null; then exec bash -l; fi; exec sh -l"
_OF_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
_OF_ETC = ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "alternatives", "profile", "bash.bashrc", "ssl")
_WARY_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "core.fsmonitor",
    "GIT_CONFIG_VALUE_1": "false",
}


class WayIn(Record):
    """The command of a shell inside, with its variables; `place` says in words what is entered."""

    place: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]


def way_in(home: Home, task: Task) -> WayIn:
    """The way into a task's environment; Refused where it has none now, or has it on another machine."""
    for room, kind in _rooms_of(home, task.id):
        if kind is EnvironmentKind.VM and (room / PRIVATE / "control.sock").exists():
            return _into_machine(room)
        if kind in _CONTAINERS:
            return _into_container(room.name)
        if kind not in {EnvironmentKind.BOX, EnvironmentKind.TEMPLATE}:
            continue
        if kind is EnvironmentKind.TEMPLATE:
            raise Refused(
                f"{task.id} works in an environment of another platform",
                exit=Exit.UNAVAILABLE,
                hint="enter it with that platform's own command line",
            )
    clone = home.environment(task.id)
    if clone.is_dir() and not clone.is_symlink():
        return _beside_clone(home, task.id, clone)
    made = task.environment
    if made is not None and made.host and made.host != host_name():
        raise Refused(
            f"{task.id} is worked on at {safe(made.host, 100)}, in {made.kind.value} {made.id}",
            exit=Exit.UNAVAILABLE,
            hint=f"on that machine: onloop enter {task.id}",
        )
    raise Refused(f"{task.id} has no environment here", exit=Exit.NOTHING, hint=f"onloop open {task.id} --shell")


def _rooms_of(home: Home, task: str) -> Iterator[tuple[Path, EnvironmentKind]]:
    with suppress(OSError):
        for room in sorted(home.rooms.iterdir()):
            note = noted(room)
            if note.get("task") == task and is_alive(str(note.get("worker", ""))):
                with suppress(ValueError):
                    yield room, EnvironmentKind(str(note.get("kind")))


def _into_machine(room: Path) -> WayIn:
    order = {
        "argv": ["sh", "-c", _BEST_SHELL],
        "folder": str(IN_MACHINE.clone),
        "environment": {"HOME": str(IN_MACHINE.home), "PATH": f"{_PATH}:/onloop/bin", **_usual(), **_WARY_GIT},
        "egress": "",
        "ports": (),
    }
    argv = (*client_words(room), "shell", written_order(room / PRIVATE, order))
    return WayIn(f"virtual machine {room.name}", argv, {"PATH": _PATH, **_usual()})


def _into_container(name: str) -> WayIn:
    using = engine()
    if using is None:
        raise Unavailable("no container engine answers", hint="onloop doctor says what this machine has")
    given = {"HOME": str(IN_CONTAINER.home), **_usual(), **_WARY_GIT}
    words = [word for key, value in given.items() for word in ("--env", f"{key}={value}")]
    argv = (using.program, *using.words, "exec", "--interactive", "--tty", "--workdir", str(IN_CONTAINER.clone))
    return WayIn(f"container {name}", (*argv, *words, name_of(name), "sh", "-c", _BEST_SHELL), dict(os.environ))


def _beside_clone(home: Home, task: str, clone: Path) -> WayIn:
    """A shell in the clone, in a box of bubblewrap: whatever the agent left there runs with nothing else in reach."""
    program = shutil.which("bwrap", path=_PATH)
    if program is None:
        raise Unavailable(
            "there is no bubblewrap here, and a shell beside an agent has to be in a box",
            hint=f"install bubblewrap; or look at what was handed in: onloop open {task} --shell",
        )
    system = [word for path in _OF_SYSTEM if os.path.lexists(path) for word in ("--ro-bind", path, path)]
    etc = [word for name in _OF_ETC for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]
    folders = [(home.out(task), "--bind-try"), (home.given(task), "--ro-bind-try")]
    beside = [word for path, how in folders for word in (how, str(path), str(path))]
    argv = (
        *(program, "--unshare-all", "--die-with-parent", "--uid", "1000", "--gid", "1000", *system, *etc),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/tmp/home"),  # noqa: S108
        *("--bind", str(clone), str(clone), *beside, "--chdir", str(clone), "--", "sh", "-c", _BEST_SHELL),
    )
    environment = {"PATH": _PATH, "HOME": "/tmp/home", **_usual(), **_WARY_GIT}  # noqa: S108 - inside
    return WayIn(f"the clone of {task}, in a box", argv, environment)


def _usual() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _USUAL or name.startswith(LOCALE)}
