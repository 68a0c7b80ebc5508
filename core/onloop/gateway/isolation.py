"""A store that belongs to another user than agents run as: setting it up, and finding out whether it holds."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
from pathlib import Path

from onloop.errors import BadInput
from onloop.gateway.home import Home
from onloop.gateway.peer import FOLDER_MODE
from onloop.store.sqlite import FILE

PASSABLE = 0o711
SHARED = 0o3770
"""Who is in the group makes folders of its own, and cannot take another's away."""


def can_isolate(user: str, group: str) -> bool:
    """Whether it can be set up here and now: by root, for a user and a group that are there."""
    return os.getuid() == 0 and _uid(user) is not None and _gid(group) is not None


def isolate(home: Home, user: str, group: str) -> None:
    """Give a new store to `user`; `group`, as whose members agents run, gets the socket and the agents' folders only.

    BadInput where the user is root: then the store would be whose everything is.
    """
    uid, gid = _uid(user), _gid(group)
    if uid is None or gid is None:
        raise BadInput(f"there is no user {user!r} or no group {group!r}", hint="useradd and groupadd make them")
    if uid == 0:
        raise BadInput("root would own the store", hint="give it to a user that does nothing else, like onloop")
    for folder in (home.environments, home.handed_over, home.logs, home.socket.parent):
        folder.mkdir(exist_ok=True)
    for path in (home.store, *home.store.rglob("*"), home.anchor, home.logs, home.store.parent):
        os.chown(path, uid, -1, follow_symlinks=False)
    home.store.chmod(0o700)
    home.logs.chmod(0o700)
    home.store.parent.chmod(PASSABLE)
    _shared(home.environments, uid, gid, SHARED)
    _shared(home.handed_over, uid, gid, SHARED)
    _shared(home.socket.parent, uid, gid, FOLDER_MODE)


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
    """Whether this process can open the store's file or list its folder, by trying."""
    for path, flags in ((home.store / FILE, os.O_RDONLY), (home.store, os.O_RDONLY | os.O_DIRECTORY)):
        try:
            os.close(os.open(path, flags | os.O_CLOEXEC))
        except OSError:
            continue
        return True
    return False


def _shared(folder: Path, uid: int, gid: int, mode: int) -> None:
    os.chown(folder, uid, gid)
    folder.chmod(mode)


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
