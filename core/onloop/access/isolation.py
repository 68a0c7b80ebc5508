"""A store that belongs to another user than agents run as: setting it up, and finding out whether it holds."""

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
"""The mode of a store's parent that is made for it: agents' users pass through it to the socket."""


def can_isolate(user: str, group: str) -> bool:
    """Whether it can be set up here and now: by root, for a user and a group that are there."""
    return os.getuid() == 0 and _uid(user) is not None and _gid(group) is not None


def check_place(home: Home, user: str) -> None:
    """BadInput where a store of `user`'s would not be safe, or of no use: call it before anything is made there.

    No folder above it may be a link, be writable by others, or belong to somebody who could put another in its place,
    and agents' users must be able to pass. What will be made must not be there already. As root's, the store would be
    whose everything is.
    """
    if _uid(user) == 0:
        raise BadInput("root would own the store", hint="give it to a user that does nothing else, like onloop")
    for folder in (home.store, home.logs, home.socket.parent):
        if os.path.lexists(folder):
            raise BadInput(f"{folder} is there already", hint="name a store in a folder of its own: --store DIR/store")
    folders = [folder for folder in home.store.parents if os.path.lexists(folder)]
    for folder in folders:
        _check_above(folder, _uid(user), is_parent=folder == home.store.parent)


def _check_above(folder: Path, uid: int | None, *, is_parent: bool) -> None:
    found = folder.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        raise BadInput(f"{folder} is a link or no folder", hint="give the real path of the store")
    if found.st_uid not in {0, uid}:
        raise BadInput(f"{folder} belongs to user {found.st_uid}, who could replace the store", hint="take another one")
    if mode & 0o022 and (is_parent or not mode & stat.S_ISVTX):
        raise BadInput(f"{folder} can be written by others", hint=f"chmod go-w {folder}, or take another folder")
    if not mode & 0o001:
        raise BadInput(f"agents' users cannot pass {folder}", hint=f"chmod o+x {folder}, or take another folder")


def make_parents(home: Home) -> tuple[Path, ...]:
    """Make the folders above a store that are not there, passable and root's for now; the answer is those."""
    missing = [folder for folder in home.store.parents if not os.path.lexists(folder)]
    for folder in reversed(missing):
        folder.mkdir(mode=PASSABLE)
        folder.chmod(PASSABLE)
    return tuple(missing)


def isolate(home: Home, user: str, group: str, made: Sequence[Path] = ()) -> None:
    """Give a new store to `user`; `group`, as whose members agents run, gets the socket only.

    Nothing else changes hands but the folders above it that were `made` for it. Call `check_place` before the store is
    made.
    """
    uid, gid = _uid(user), _gid(group)
    if uid is None or gid is None:
        raise BadInput(f"there is no user {user!r} or no group {group!r}", hint="useradd and groupadd make them")
    for folder, mode in ((home.logs, CLOSED), (home.socket.parent, FOLDER_MODE)):
        folder.mkdir(mode=CLOSED)  # never one that is there already
        folder.chmod(mode)
    for path in (*home.store.rglob("*"), home.anchor, home.store, home.logs, *made):
        os.chown(path, uid, -1, follow_symlinks=False)
    os.chown(home.socket.parent, uid, gid, follow_symlinks=False)


def recipe(home: Home, user: str, group: str) -> tuple[str, ...]:
    """The commands that set it up, for a person to read and to run as root."""
    store, words = shlex.quote(str(home.store)), [shlex.quote(word) for word in (user, group)]
    return (
        "# as root: a user for the gateway, a group for the users whom agents run as",
        f"groupadd --system {words[1]}",
        f"useradd --system --no-create-home --shell /usr/sbin/nologin --groups {words[1]} {words[0]}",
        f"usermod --append --groups {words[1]} AGENT-USER",
        f"onloop init --store {store} --isolate {words[0]} --agents {words[1]}",
        serve_command(home, user, group),
        "# as AGENT-USER: it must say A2",
        f"onloop doctor --store {store}",
    )


def serve_command(home: Home, user: str, group: str) -> str:
    """How the gateway is started."""
    return shlex.join(["sudo", "-u", user, "onloop", "serve", "--store", str(home.store), "--group", group])


def can_open(home: Home) -> bool:
    """Whether this process could open the store's file or list its folder. It asks the kernel, and opens neither.

    Closing the database file would cost whichever connection this process has its locks.
    """
    found = (
        os.access(home.store / FILE, os.R_OK, effective_ids=True),
        os.access(home.store, os.R_OK, effective_ids=True),
    )
    return any(found)


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
