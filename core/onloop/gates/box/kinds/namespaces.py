"""A box made with kernel namespaces only, for machines without bubblewrap. This code runs in a warden's child.

The child becomes three processes: the one that the warden knows, which waits; the first process of the box, whose end
ends all others in it; and the command.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from onloop.gates.box import syscalls
from onloop.gates.box.box_item import SHARED_MEMORY_BYTES, BoxItem, Way
from onloop.gates.box.kinds.filter import program
from onloop.gates.box.system import USER

_SPACES = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWCGROUP
)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
_SETTINGS = Path("/proc/sys/user/max_user_namespaces")
_COVERED = ("sys", "sysrq-trigger", "irq", "bus", "fs")
_HARMLESS = syscalls.MS_NOSUID | syscalls.MS_NODEV
_BASE = "/tmp"  # noqa: S108 - the new root is mounted over this folder, which every system has; nothing is written to it
_LOOPBACK_UP = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
_SET_FLAGS = 0x8914


class Enclosure(NamedTuple):
    """What a box is made of. `user` is a descriptor of the command's user namespace, if root makes the box."""

    items: tuple[BoxItem, ...]
    folder: str
    proc: bool
    network: bool
    nested: bool
    user: int | None
    processes: int

    def enter(self) -> None:
        """Makes the box and returns only in the command's process, inside it; OSError if the box cannot be made."""
        self._make_spaces()
        status_read, status = os.pipe()
        pid = os.fork()
        if pid != 0:
            os.close(status)
            _wait_for_box(pid, status_read)
        os.close(status_read)
        syscalls.end_with_parent()
        if _is_orphan(status):
            os._exit(1)
        self._furnish()
        pid = os.fork()
        if pid != 0:
            _be_first(pid, status)
        os.close(status)
        self._become_ordinary()
        os.chdir(self.folder)

    def _make_spaces(self) -> None:
        kinds = _SPACES if self.network else _SPACES | syscalls.CLONE_NEWNET
        if self.user is not None:
            syscalls.unshare(kinds)
            return
        user, group = os.geteuid(), os.getegid()
        syscalls.unshare(kinds | syscalls.CLONE_NEWUSER)
        syscalls.open_own_files(ours=True)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{USER} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{USER} {group} 1")
        if not self.nested:
            _SETTINGS.write_text("0")
        syscalls.open_own_files(ours=False)

    def _furnish(self) -> None:
        """Makes the file system of the box and leaves the old one."""
        syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_SLAVE)
        syscalls.mount("tmpfs", _BASE, "tmpfs", _HARMLESS, "mode=0755")
        for name in ("new", "old"):
            Path(_BASE, name).mkdir(mode=0o755)
        syscalls.mount(f"{_BASE}/new", f"{_BASE}/new", None, syscalls.MS_BIND)
        syscalls.pivot_root(_BASE, f"{_BASE}/old")
        os.chdir("/")
        for item in self.items:
            _put(item)
        _put_devices()
        if self.proc:
            _put_proc()
        syscalls.unmount("/old")
        os.chdir("/new")
        syscalls.pivot_root(".", ".")
        syscalls.unmount(".")
        os.chdir("/")
        syscalls.restrict_mount("/dev", syscalls.MS_RDONLY, below=False)
        syscalls.restrict_mount("/", syscalls.MS_RDONLY, below=False)
        socket.sethostname("box")
        if not self.network:
            _raise_loopback()

    def _become_ordinary(self) -> None:
        if self.user is not None:
            syscalls.join(self.user, syscalls.CLONE_NEWUSER)
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_NPROC, (self.processes, self.processes))
        syscalls.end_with_parent()
        syscalls.gain_nothing()
        syscalls.drop_capabilities()
        syscalls.filter_calls(program())


def _put(item: BoxItem) -> None:
    place = Path(f"/new{item.place}")
    match item.way:
        case Way.FOLDER:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        case Way.LINK:
            place.symlink_to(item.source)
        case Way.READ:
            _bind(f"/old{item.source}", place)
            syscalls.restrict_mount(str(place), _HARMLESS | syscalls.MS_RDONLY, below=True)
        case Way.WRITE:
            _bind(f"/old{item.source}", place)
            syscalls.restrict_mount(str(place), _HARMLESS, below=True)


def _bind(source: str, place: Path) -> None:
    if Path(source).is_dir():
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
    elif not place.exists():
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.touch(mode=0o644)
    syscalls.mount(source, str(place), None, syscalls.MS_BIND | syscalls.MS_REC)


def _put_devices() -> None:
    folder = Path("/new/dev")
    folder.mkdir(mode=0o755)
    syscalls.mount("tmpfs", str(folder), "tmpfs", _HARMLESS, "mode=0755")
    for name in _DEVICES:
        _bind(f"/old/dev/{name}", folder / name)
    for name, goal in _DEVICE_LINKS.items():
        (folder / name).symlink_to(goal)
    for name in ("pts", "shm"):
        (folder / name).mkdir(mode=0o755)
    syscalls.mount(
        "devpts", str(folder / "pts"), "devpts", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, "newinstance,ptmxmode=0666"
    )
    syscalls.mount("tmpfs", str(folder / "shm"), "tmpfs", _HARMLESS, f"mode=1777,size={SHARED_MEMORY_BYTES}")


def _put_proc() -> None:
    folder = Path("/new/proc")
    folder.mkdir(mode=0o755)
    syscalls.mount("proc", str(folder), "proc", _HARMLESS | syscalls.MS_NOEXEC)
    for name in _COVERED:
        covered = folder / name
        if covered.exists():
            syscalls.mount(str(covered), str(covered), None, syscalls.MS_BIND | syscalls.MS_REC)
            syscalls.restrict_mount(str(covered), syscalls.MS_RDONLY, below=True)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, _SET_FLAGS, _LOOPBACK_UP)


def _wait_for_box(pid: int, status: int) -> NoReturn:
    """The rest of the process that the warden knows: it waits, and ends as the command ended."""
    _close_all_but(status)
    report = b""
    with suppress(OSError):
        report = os.read(status, 4)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(int.from_bytes(report, "little")) if report else -signal.SIGKILL
    if code < 0:
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def _be_first(command: int, status: int) -> NoReturn:
    """The rest of the box's first process: it collects orphans, and ends when the command ends."""
    _close_all_but(status)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    syscalls.gain_nothing()
    syscalls.drop_capabilities()
    while True:
        pid, ended = os.waitpid(-1, 0)
        if pid == command:
            os.write(status, ended.to_bytes(4, "little"))
            os._exit(0)


def _close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, 65_536)


def _is_orphan(status: int) -> bool:
    """Whether nobody reads the status pipe any more: the kernel does not report a parent that ended before."""
    poll = select.poll()
    poll.register(status, 0)
    return bool(poll.poll(0))
