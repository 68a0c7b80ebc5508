"""Who owns the folders of a run: the box's user while it runs, we again afterwards."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from onloop.gates.box.walk import entries


def give(folder: Path, user: int) -> None:
    """Makes `user` the owner of a folder and its contents, except files with several names, which may lie elsewhere."""
    os.chown(folder, user, user, follow_symlinks=False)
    for directory, name, status in entries(str(folder), unread=_pass_over):
        if status.st_uid != user and (status.st_nlink == 1 or stat.S_ISDIR(status.st_mode)):
            with suppress(FileNotFoundError):
                os.chown(name, user, user, dir_fd=directory, follow_symlinks=False)


def take_back(folder: Path) -> None:
    """Makes us the owner of a folder and its contents, and lets us enter every folder, whatever the code changed."""
    user = os.geteuid()
    _open_up(str(folder), None, user)
    for directory, name, status in entries(str(folder), unread=_pass_over):
        if stat.S_ISDIR(status.st_mode):
            _open_up(name, directory, user)
        elif status.st_uid != user and status.st_nlink == 1:
            os.chown(name, user, user, dir_fd=directory, follow_symlinks=False)


def _open_up(name: str, directory: int | None, user: int) -> None:
    """Makes a folder ours and lets us enter. This is safe: nothing runs any more that could replace it by a link."""
    os.chown(name, user, os.getegid(), dir_fd=directory, follow_symlinks=False)
    os.chmod(name, 0o700, dir_fd=directory)


def _pass_over() -> None:
    """Leave a folder that cannot be read as it is."""
