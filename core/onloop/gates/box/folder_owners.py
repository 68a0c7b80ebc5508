"""Whose the folders of a run are: the box's user's while it runs, ours again after."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from onloop.gates.box.walk import entries


def give(folder: Path, user: int) -> None:
    """Makes a folder with all in it `user`'s; a file that has other names is left alone, for they may lie elsewhere."""
    os.chown(folder, user, user, follow_symlinks=False)
    for directory, name, found in entries(str(folder), unread=_pass_over):
        if found.st_uid != user and (found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)):
            with suppress(FileNotFoundError):
                os.chown(name, user, user, dir_fd=directory, follow_symlinks=False)


def take_back(folder: Path) -> None:
    """Makes a folder with all in it ours, and lets us into every folder of it, whatever code did to them."""
    user = os.geteuid()
    _open_up(str(folder), None, user)
    for directory, name, found in entries(str(folder), unread=_pass_over):
        if stat.S_ISDIR(found.st_mode):
            _open_up(name, directory, user)
        elif found.st_uid != user and found.st_nlink == 1:
            os.chown(name, user, user, dir_fd=directory, follow_symlinks=False)


def _open_up(name: str, directory: int | None, user: int) -> None:
    """Makes a folder ours and lets us in; nothing runs any more that could put a link in its place."""
    os.chown(name, user, os.getegid(), dir_fd=directory, follow_symlinks=False)
    os.chmod(name, 0o700, dir_fd=directory)


def _pass_over() -> None:
    """What cannot be looked into is left as it is."""
