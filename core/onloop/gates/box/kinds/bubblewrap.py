"""The arguments that make bubblewrap show one view and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from onloop.gates.box import system
from onloop.gates.box.box_item import SHARED_MEMORY_BYTES, BoxItem, Way
from onloop.gates.box.box_layout import layout
from onloop.gates.box.kind import Box
from onloop.gates.box.visible import VisibleFiles

PROGRAMS = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Where we look for bubblewrap; PATH is not used, because somebody else may have set it."""

_PRLIMIT = "/usr/bin/prlimit"


def program() -> str | None:
    """The bubblewrap of this machine, if it has one."""
    return next((path for path in PROGRAMS if Path(path).is_file()), None)


def arguments(box: Box, view: VisibleFiles, etc: Path) -> tuple[str, ...]:
    """The arguments of bubblewrap for a view, with the folder `etc` as the box's /etc.

    If the box has its own user, root makes the mounts, and the command then moves to a user namespace of its own.
    """
    shown = chain.from_iterable(map(_argument, layout(view, etc)))
    return tuple(chain(_spaces(box, view), shown, _closing(box)))


def command(
    box: Box, argv: list[str], folder: str, environment: Mapping[str, str], processes: int | None
) -> tuple[list[str], list[str]]:
    """More arguments for bubblewrap, and the command that runs `argv` with its folder and environment in the box.

    If root enters the box, the environment is set only after the change of user, because it could name code to load.
    """
    limit = [] if processes is None or not Path(_PRLIMIT).exists() else [_PRLIMIT, f"--nproc={processes}", "--"]
    if box.user is None:
        settings = [word for name, value in environment.items() for word in ("--setenv", name, value)]
        return ["--chdir", folder, *settings], [*limit, *argv]
    caps = [word for cap in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{cap}")]
    user = str(system.USER)
    change = ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    change += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"]
    settings = [f"{name}={value}" for name, value in environment.items()]
    return [*caps, "--chdir", "/"], [*change, *limit, "/usr/bin/env", "-i", f"--chdir={folder}", "--", *settings, *argv]


def _spaces(box: Box, view: VisibleFiles) -> Iterator[str]:
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "box")
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL")
    if not view.network:
        yield "--unshare-net"
    if box.user is None:
        yield from ("--unshare-user", "--uid", str(system.USER), "--gid", str(system.USER))
        if not view.nested:
            yield "--disable-userns"


def _argument(item: BoxItem) -> tuple[str, ...]:
    match item.way:
        case Way.FOLDER:
            return ("--perms", "0755", "--dir", item.place)
        case Way.LINK:
            return ("--symlink", item.source, item.place)
        case Way.READ:
            return ("--ro-bind", item.source, item.place)
        case Way.WRITE:
            return ("--bind", item.source, item.place)


def _closing(box: Box) -> Iterator[str]:
    if box.proc:
        yield from ("--proc", "/proc", "--ro-bind-try", "/proc/sys", "/proc/sys")
    yield from ("--dev", "/dev", "--size", str(SHARED_MEMORY_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm")  # noqa: S108
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")
