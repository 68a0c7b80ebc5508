"""The socket of a resident gateway: where it is, who may reach it, and who is at the other end, as the kernel says."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.errors import NotAllowed, Unavailable
from onloop.identity.accounts import NETWORK_UID, user_account
from onloop.records import Record

LONGEST_PATH = 100
"""The kernel takes a little more; a longer path is reached through a descriptor of its folder."""

FOLDER_MODE, SOCKET_MODE = 0o710, 0o660
BACKLOG = 512
_CREDENTIALS = struct.Struct("3i")


class Peer(Record):
    """Who is at the other end of a socket: a process of this machine, or somebody on the network (`NETWORK_UID`).

    Whatever is counted, is counted in the name of their `account`: that of their user, if none is given.
    """

    pid: int
    uid: int
    gid: int
    account: str = ""

    @property
    def counted(self) -> str:
        """The account in whose name what they do is counted."""
        return self.account or user_account(self.uid)

    @property
    def is_network(self) -> bool:
        """Whether no kernel vouches for them."""
        return self.uid == NETWORK_UID


def peer_of(connection: socket.socket) -> Peer:
    """Who connected, by SO_PEERCRED: nothing that a process says about itself goes into it."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise Unavailable("this system does not say who is at the other end of a socket", hint="serve runs on Linux")
    return Peer(*_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)))


def listening(path: Path, group: int | None = None) -> socket.socket:
    """A socket at `path` that its owner and its folder's group reach, in place of what a killed process left there."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    owner = path.parent.stat().st_uid
    if owner != os.getuid():
        raise NotAllowed(f"{path.parent} belongs to user {owner}", hint="serve from a folder of yours")
    path.parent.chmod(FOLDER_MODE)
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _reachable(path) as name:
            before = os.umask(0o777 & ~SOCKET_MODE)
            try:
                made.bind(name)
            finally:
                os.umask(before)
        if group is not None:
            _share(path, group)
        made.listen(BACKLOG)
    except NotAllowed:
        made.close()
        raise
    except OSError as problem:
        made.close()
        raise Unavailable(f"{path} cannot be served: {problem.strerror}", hint="look at its folder") from None
    return made


def _share(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
        os.chown(path.parent, -1, group)
    except PermissionError:
        me, theirs = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(group).gr_name
        hint = f"as root: usermod --append --groups {theirs} {me}; then serve again"
        raise NotAllowed(f"{me} is not a member of {theirs}, and cannot give it access to {path}", hint=hint) from None


def owner_of(store: Path | None, path: Path) -> int:
    """Whose the store is; NotAllowed where its folder cannot be seen, for then anybody could listen at `path`.

    Where no store is known, only a gateway of our own user is believed.
    """
    if store is None:
        return os.getuid()
    try:
        found = store.lstat()
    except OSError as problem:
        raise NotAllowed(
            f"{store} cannot be seen ({problem.strerror}), so nobody can say whose gateway listens at {path}",
            hint="set ONLOOP_STORE to the store's folder; the folder above it must let you pass",
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        raise NotAllowed(f"{store} is not a folder of its own", hint="set ONLOOP_STORE to the store's real folder")
    return found.st_uid


def _is_from_outside(listener: int) -> bool:
    """Whether an agent asks who is in a user namespace, and the listener is in none that it knows.

    Only who made its environment can have shown it that socket: the worker, who gave it the token, too.
    """
    if "ONLOOP_CLONE" not in os.environ or "ONLOOP_TOKEN" not in os.environ:
        return False
    try:
        mapped = Path("/proc/self/uid_map").read_text("ascii").split()
        unmapped = int(Path("/proc/sys/kernel/overflowuid").read_text("ascii"))
    except (OSError, ValueError):
        return False
    return listener == unmapped and mapped != ["0", "0", "4294967295"]


def connected(path: Path, timeout_s: float, store: Path | None) -> socket.socket:
    """A connection to the gateway at `path`; NotAllowed where whoever listens there does not own the store's folder."""
    owner = owner_of(store, path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout_s)
        with _reachable(path) as name:
            made.connect(name)
        listener = peer_of(made).uid
        if store is None and _is_from_outside(listener):
            return made
        if listener != owner and store is None:
            raise NotAllowed(
                f"user {listener} listens at {path}, and nobody can say whose store that is",
                hint="if you trust them: set ONLOOP_STORE to the store's folder, whose owner must be the same",
            )
        if listener != owner:
            raise NotAllowed(
                f"user {listener} listens at {path}, and {store} belongs to user {owner}",
                hint="do not trust it: unset ONLOOP_URL, or set it to what onloop serve prints",
            )
    except OSError as problem:
        made.close()
        raise Unavailable(f"no gateway answers at {path}: {problem.strerror}", hint="onloop serve starts one") from None
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """A name for the socket that is short enough for the kernel."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
