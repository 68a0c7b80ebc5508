"""A store that belongs to another user than the agents' user: how to set it up, and how to check it."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

from onloop.errors import BadInput
from onloop.home import Home
from onloop.remote.unix_socket import FOLDER_MODE
from onloop.store.sqlite.database import FILE

CLOSED, PASSABLE = 0o700, 0o711
"""The modes of new folders. Agents' users must be able to pass through the store's parent to the socket."""


def can_isolate(user: str, group: str) -> bool:
    """Whether isolation can be set up now: we are root, and the user and the group exist."""
    return os.getuid() == 0 and _uid(user) is not None and _gid(group) is not None


def check_place(home: Home, user: str) -> None:
    """BadInput if a store of `user` would be unsafe or useless there; call this before you make anything.

    No folder above the store may be a link, be writable by others, or belong to a user who could replace it, and
    agents' users must be able to pass through. The store must not exist yet, and root may not own it.
    """
    if _uid(user) == 0:
        raise BadInput("root would own the store", hint="give it to a user with no other purpose, such as onloop")
    for folder in (home.store, home.logs, home.socket.parent):
        if os.path.lexists(folder):
            raise BadInput(f"{folder} already exists", hint="name a store in a new folder: --store DIR/store")
    folders = [folder for folder in home.store.parents if os.path.lexists(folder)]
    for folder in folders:
        _check_above(folder, _uid(user), is_parent=folder == home.store.parent)


def _check_above(folder: Path, uid: int | None, *, is_parent: bool) -> None:
    status = folder.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        raise BadInput(f"{folder} is a link or not a folder", hint="give the real path of the store")
    if status.st_uid not in {0, uid}:
        raise BadInput(
            f"{folder} belongs to user {status.st_uid}, who could replace the store", hint="use another folder"
        )
    if mode & 0o022 and (is_parent or not mode & stat.S_ISVTX):
        raise BadInput(f"others can write to {folder}", hint=f"chmod go-w {folder}, or use another folder")
    if not mode & 0o001:
        raise BadInput(f"agents' users cannot pass through {folder}", hint=f"chmod o+x {folder}, or use another folder")


def make_parents(home: Home) -> tuple[Path, ...]:
    """Make the missing folders above a store, passable and owned by root for now; the answer names them."""
    missing = [folder for folder in home.store.parents if not os.path.lexists(folder)]
    for folder in reversed(missing):
        folder.mkdir(mode=PASSABLE)
        folder.chmod(PASSABLE)
    return tuple(missing)


def isolate(home: Home, user: str, group: str, made: Sequence[Path] = ()) -> None:
    """Give a new store to `user`; the agents' `group` gets only the socket.

    Of the folders above the store, only those that were `made` for it change their owner. Call `check_place` before
    you make the store.
    """
    uid, gid = _uid(user), _gid(group)
    if uid is None or gid is None:
        raise BadInput(f"user {user!r} or group {group!r} does not exist", hint="make them with useradd and groupadd")
    for folder, mode in ((home.logs, CLOSED), (home.socket.parent, FOLDER_MODE)):
        folder.mkdir(mode=CLOSED)  # fails if the folder exists, which is intended
        folder.chmod(mode)
    for path in (*home.store.rglob("*"), home.anchor, home.store, home.logs, *made):
        os.chown(path, uid, -1, follow_symlinks=False)
    os.chown(home.socket.parent, uid, gid, follow_symlinks=False)


def recipe(home: Home, user: str, group: str, name: str) -> tuple[str, ...]:
    """The commands that set up isolation, for a person to read and to run as root."""
    store, words = shlex.quote(str(home.store)), [shlex.quote(word) for word in (user, group)]
    return (
        "# as root: a user for the gateway, a group for the users that run agents",
        f"groupadd --system {words[1]}",
        f"useradd --system --no-create-home --shell /usr/sbin/nologin --groups {words[1]} {words[0]}",
        f"usermod --append --groups {words[1]} AGENT-USER",
        f"onloop init --store {store} --isolate {words[0]} --agents {words[1]} --name {shlex.quote(name)}",
        serve_command(home, user, group),
        "# as AGENT-USER: it must say A2",
        f"onloop doctor --store {store}",
    )


def serve_command(home: Home, user: str, group: str) -> str:
    """The command that starts the gateway."""
    return shlex.join(["sudo", "-u", user, "onloop", "serve", "--store", str(home.store), "--group", group])


def can_open(home: Home) -> bool:
    """Whether this process could open the store's file or list its folder. It asks the kernel, and opens neither.

    If it opened and closed the database file, an open connection of this process would lose its locks.
    """
    return os.access(home.store / FILE, os.R_OK, effective_ids=True) or os.access(
        home.store, os.R_OK, effective_ids=True
    )


def _uid(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def _gid(group: str) -> int | None:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None
