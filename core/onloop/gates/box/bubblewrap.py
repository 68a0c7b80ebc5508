"""The arguments that make bubblewrap show one view, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from onloop.gates.box import system
from onloop.gates.box.kind import Box
from onloop.gates.box.view import BOXED, View

PROGRAMS = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""Where bubblewrap is looked for; a PATH that somebody else set is not asked."""

SHARED_MEMORY_BYTES = 256 * 1024 * 1024
"""How much /dev/shm holds; it is memory, and counts as such."""


def program() -> str | None:
    """The bubblewrap of this machine, if it has one."""
    return next((path for path in PROGRAMS if Path(path).is_file()), None)


def arguments(box: Box, view: View, etc: Path) -> tuple[str, ...]:
    """What bubblewrap is told about a view, with the files of the folder `etc` as the box's own in /etc.

    A box with a user of its own is entered by root, which makes the mounts, and is given a user namespace to end in.
    """
    return tuple(chain(_spaces(box, view), _shown(view), _etc(view, etc), _written(view), _closing(box)))


def _spaces(box: Box, view: View) -> Iterator[str]:
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "box")
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL")
    if not view.network:
        yield "--unshare-net"
    if box.user is None:
        yield from ("--unshare-user", "--uid", str(system.USER), "--gid", str(system.USER))
        if not view.nested:
            yield "--disable-userns"


def _shown(view: View) -> Iterator[str]:
    """The system and the toolchain, and the folders on the way to them, which hold nothing else."""
    here = system.folders()
    linked = [path for path in here if path.is_symlink()]
    for path in linked:
        yield from ("--symlink", str(path.readlink()), str(path))
    shown = system.outermost((*(path for path in here if path not in linked), *_added(view)))
    yield from _parents(shown)
    for path in shown:
        yield from ("--ro-bind", str(path), str(path))


def _added(view: View) -> Iterator[Path]:
    """What the view adds, with what its links lead to under that name."""
    return (path for path in view.read_only if path.is_absolute() and path.exists())


def _parents(paths: tuple[Path, ...]) -> Iterator[str]:
    parents = {parent for path in paths for parent in path.parents if parent != Path("/")}
    for parent in sorted(parents):
        yield from ("--perms", "0755", "--dir", str(parent))


def _etc(view: View, etc: Path) -> Iterator[str]:
    shown = system.etc(view.network)
    yield from _parents((Path("/etc/x"), *shown))
    for path in shown:
        yield from ("--ro-bind", str(path.resolve()), str(path))
    for path in sorted(etc.iterdir()):
        yield from ("--ro-bind", str(path), f"/etc/{path.name}")


def _written(view: View) -> Iterator[str]:
    names = (BOXED.checkout, BOXED.home, BOXED.tmp, BOXED.out)
    yield from _parents(tuple(map(Path, (*names, "/var/x"))))
    for outside, name in zip(view.writable, names, strict=True):
        yield from ("--bind", str(outside), name)
    yield from ("--symlink", "/tmp", "/var/tmp")  # noqa: S108 - names within the box


def _closing(box: Box) -> Iterator[str]:
    if box.proc:
        yield from ("--proc", "/proc")
    yield from ("--dev", "/dev", "--size", str(SHARED_MEMORY_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm")  # noqa: S108
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")


def inner(box: Box, argv: list[str], folder: str, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """More arguments, and the command to run in the box, so that `argv` finds its folder and environment.

    Where root enters, nothing of the environment is set before the user is changed: it could name code to load.
    """
    if box.user is None:
        settings = [word for name, value in environment.items() for word in ("--setenv", name, value)]
        return ["--chdir", folder, *settings], argv
    caps = [word for cap in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{cap}")]
    user = str(system.USER)
    change = ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    change += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"]
    settings = [f"{name}={value}" for name, value in environment.items()]
    return [*caps, "--chdir", "/"], [*change, "/usr/bin/env", "-i", f"--chdir={folder}", *settings, *argv]
