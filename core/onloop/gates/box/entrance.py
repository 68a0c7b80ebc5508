"""How a warden gets a command into a box. It runs in the warden, on the other side of the order."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onloop.gates.box.system import USER

_CLONE_NEWUSER = 0x10000000
_NESTED = Path("/proc/sys/user/max_user_namespaces")


@dataclass(frozen=True, slots=True)
class Entrance:
    """What to start so that a command runs in its box, and the descriptors that this takes."""

    argv: list[str]
    folder: str
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    prepare: Callable[[], None] = field(default=lambda: None)

    def close(self) -> None:
        """Lets go of the descriptors: whoever was started has them."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def entrance(order: Mapping[str, Any]) -> Entrance:
    """The entrance that an order asks for; OSError if this machine does not let us make it."""
    words = list(order["arguments"])
    descriptors: tuple[int, ...] = ()
    if order["user"] is not None:
        descriptors = (user_namespace(order["user"], nested=order["nested"]),)
        words += ["--userns2", str(descriptors[0])]
    said = os.memfd_create("box", 0)
    os.write(said, b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words))
    os.lseek(said, 0, os.SEEK_SET)
    argv = [order["program"], "--args", str(said), "--", *order["argv"]]
    return Entrance(argv, "/", {}, (*descriptors, said))


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
        raise PermissionError(1, "no user namespace can be made here")


def _keep_namespace(heard: int, said: int, nested: bool) -> None:
    """The child's part: nothing of ours runs on in it."""
    try:
        if ctypes.CDLL(None).unshare(_CLONE_NEWUSER) == 0:
            os.write(said, b"1")
            os.read(heard, 1)
            if not nested:
                _NESTED.write_text("0")
            os.write(said, b"2")
            signal.pause()
    finally:
        os._exit(1)
