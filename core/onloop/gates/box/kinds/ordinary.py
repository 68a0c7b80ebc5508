"""How code comes to run as an ordinary user, also where we are root."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from onloop.gates.box import syscalls
from onloop.gates.box.limits import usage
from onloop.gates.box.system import USER

_NESTED = Path("/proc/sys/user/max_user_namespaces")


def become_user(user: int | None) -> None:
    """Makes this process `user`'s (None: it stays ours), with no way back and no rights to gain."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        syscalls.end_with_parent()
    syscalls.gain_nothing()


def limit_processes(most: int, user: int | None) -> None:
    """Lets this process start no more than so many, beside those that its user, if that is us, has already."""
    if user is None and os.geteuid() == 0:
        return  # root is not bound by it
    if user is None:
        most += sum(usage.threads((int(entry.name),)) for entry in _own_processes())
    bound = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = most if bound == resource.RLIM_INFINITY else min(most, bound)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _own_processes() -> Iterator[Path]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.stat().st_uid == os.geteuid():
                yield entry


def user_namespace(user: int, *, nested: bool) -> int:
    """A descriptor of a new user namespace, in which there is one user: `user`, an ordinary one. Only root makes it.

    Unless `nested`, no user namespace can be made in it.
    """
    heard, said = os.pipe()
    heard_back, answer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _keep_namespace(heard_back, said, nested)
    os.close(said)
    try:
        _expect(os.read(heard, 1), b"1")
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{kind}").write_text(f"{USER} {user} 1")
        os.write(answer, b"1")
        _expect(os.read(heard, 1), b"2")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for descriptor in (heard, heard_back, answer):
            os.close(descriptor)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _expect(said: bytes, wanted: bytes) -> None:
    if said != wanted:
        raise PermissionError(1, "Operation not permitted, for a new user namespace")


def _keep_namespace(heard: int, said: int, nested: bool) -> NoReturn:
    """The child's part: nothing of ours runs on in it."""
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        os.write(said, b"1")
        os.read(heard, 1)
        if not nested:
            _NESTED.write_text("0")
        os.write(said, b"2")
        signal.pause()
    finally:
        os._exit(1)
