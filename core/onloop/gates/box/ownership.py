"""Whose the folders of a run are: the box's user's while it runs, ours again after."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def give(folder: Path, user: int) -> None:
    """Makes a folder with all in it `user`'s; a file that has other names is left alone, for they may lie elsewhere."""
    for directory, name, found in _entries(folder):
        if found.st_uid != user and (found.st_nlink == 1 or stat.S_ISDIR(found.st_mode)):
            os.chown(name, user, user, dir_fd=directory, follow_symlinks=False)


def take_back(folder: Path) -> None:
    """Makes a folder with all in it ours, and lets us into every folder of it, whatever code did to them."""
    give(folder, os.geteuid())


def _entries(folder: Path) -> Iterator[tuple[int | None, str, os.stat_result]]:
    """What is in a folder, and the folder, never through a link: the descriptor and name to change each by."""
    for _, folders, files, directory in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in (*files, *folders):
            yield directory, name, os.stat(name, dir_fd=directory, follow_symlinks=False)
    yield None, str(folder), folder.lstat()
