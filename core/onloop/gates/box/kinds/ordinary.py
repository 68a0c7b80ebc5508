"""How code runs as an ordinary user, even if we are root."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from onloop.gates.box import syscalls
from onloop.gates.box.limits import measured_use
from onloop.gates.box.system import USER

_NESTED = Path("/proc/sys/user/max_user_namespaces")


def become_user(user: int | None) -> None:
    """Changes this process to `user` (None: it stays ours), permanently, and without a way to gain rights."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        syscalls.end_with_parent()
    syscalls.gain_nothing()


def limit_processes(most: int, user: int | None) -> None:
    """Limits how many processes this process can start, beside those that our user already has."""
    if user is None and os.geteuid() == 0:
        return  # the limit does not apply to root
    if user is None:
        most += sum(measured_use.threads((int(entry.name),)) for entry in _own_processes())
    bound = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = most if bound == resource.RLIM_INFINITY else min(most, bound)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _own_processes() -> Iterator[Path]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.stat().st_uid == os.geteuid():
                yield entry


def user_namespace(user: int, *, nested: bool) -> int:
    """A descriptor of a new user namespace with one ordinary user, `user`. Only root can make it.

    Unless `nested`, code in it cannot make another user namespace.
    """
    from_child, child_out = os.pipe()
    child_in, to_child = os.pipe()
    pid = os.fork()
    if pid == 0:
        _keep_namespace(child_in, child_out, nested)
    os.close(child_out)
    try:
        _expect(os.read(from_child, 1), b"1")
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{kind}").write_text(f"{USER} {user} 1")
        os.write(to_child, b"1")
        _expect(os.read(from_child, 1), b"2")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for descriptor in (from_child, child_in, to_child):
            os.close(descriptor)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _expect(received: bytes, wanted: bytes) -> None:
    if received != wanted:
        raise PermissionError(1, "Operation not permitted, for a new user namespace")


def _keep_namespace(child_in: int, child_out: int, nested: bool) -> NoReturn:
    """The child's part: it makes the namespace and waits. It never returns to our code."""
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        os.write(child_out, b"1")
        os.read(child_in, 1)
        if not nested:
            _NESTED.write_text("0")
        os.write(child_out, b"2")
        signal.pause()
    finally:
        os._exit(1)
