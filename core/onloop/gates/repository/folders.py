"""Folders that are made completely or not at all, and removed completely."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from onloop.file_lock import try_now

_REMOVALS = 3
_BUILDING = ".building-"
_SCRATCH = "onloop-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def private(folder: Path) -> None:
    """Make a folder and the missing folders above it, open to our user only, whatever the umask is."""
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        each.chmod(0o700)


@contextmanager
def built(path: Path) -> Iterator[Path]:
    """A new folder to fill. It becomes `path` when the block ends without an error; else nothing of it stays.

    Folders that killed builders left beside `path` are removed. If another builder finished first, its folder stays.
    """
    private(path.parent)
    prefix = f".{path.name}{_BUILDING}"
    _sweep(path.parent, prefix)
    folder, lock = _locked_folder(path.parent, prefix)
    try:
        yield folder
        with suppress(FileExistsError):
            _become(folder, path)
    finally:
        remove_tree(folder)
        os.close(lock)


@contextmanager
def scratch(purpose: str, parent: Path | None = None) -> Iterator[Path]:
    """A fresh folder (0700) with a resolved path, removed afterwards with everything in it.

    It is in `parent`, or in the folder for temporary files. Folders that killed processes left behind are removed.
    """
    parent, prefix = (parent or Path(tempfile.gettempdir())).resolve(), f"{_SCRATCH}{purpose}-"
    _sweep(parent, prefix)
    folder, lock = _locked_folder(parent, prefix)
    try:
        yield folder
    finally:
        remove_tree(folder)
        os.close(lock)


def remove_tree(path: Path) -> None:
    """Removes a folder of any depth, even if it has read-only folders in it; what still cannot be removed stays.

    Folders within folders are moved to the top before they are emptied: code that we ran can nest them more deeply than
    any path is long.
    """
    for _ in range(_REMOVALS):
        if not path.exists():
            return
        with suppress(OSError):
            top = _opened(path, None)
            try:
                _empty(top)
            finally:
                os.close(top)
            path.rmdir()


def _empty(top: int) -> None:
    """Remove all that is in a folder, as far as that is possible."""
    prefix, number = secrets.token_hex(8), count()
    waiting = _without_files(top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            folder = _opened(name, top)
            try:
                for below in _without_files(folder):
                    fresh = f"{prefix}-{next(number)}"
                    if _moved(below, folder, fresh, top):
                        waiting.append(fresh)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)


def _opened(name: str | Path, parent: int | None) -> int:
    """An open folder that we may read and change; a link in its place is not followed."""
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=parent)
        folder = os.open(name, _FOLDER, dir_fd=parent)
    with suppress(OSError):
        os.fchmod(folder, 0o700)
    return folder


def _without_files(folder: int) -> list[str]:
    """Remove what is no folder; the answer is the folders."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in found if is_folder]


def _moved(name: str, folder: int, fresh: str, top: int) -> bool:
    """Whether a folder is now in `top`, as `fresh`; one that we may not write to is opened first."""
    with suppress(OSError):
        try:
            os.rename(name, fresh, src_dir_fd=folder, dst_dir_fd=top)
        except PermissionError:
            os.close(_opened(name, folder))
            os.rename(name, fresh, src_dir_fd=folder, dst_dir_fd=top)
        return True
    return False


def walked(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Each folder from `folder` down, with the names of its folders and of all else; parents come first.

    As os.walk, which in Python 3.11 cannot go deeper than code may nest folders. What has no path is left out.
    """
    waiting = [folder]
    while waiting:
        here, folders, others = waiting.pop(), list[str](), list[str]()
        with suppress(OSError):
            with os.scandir(here) as entries:
                for entry in entries:
                    (folders if entry.is_dir(follow_symlinks=False) else others).append(entry.name)
            yield here, folders, others
            waiting += [here / name for name in folders]


def _become(folder: Path, path: Path) -> None:
    try:
        folder.rename(path)
    except OSError:
        if not path.is_dir():
            raise
        raise FileExistsError(path) from None


def _locked_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder, and the lock that shows that its builder lives: a lock ends with its process, unlike a time-out."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _try_lock(folder)
        if lock is not None:
            return folder, lock


def _try_lock(folder: Path) -> int | None:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(lock)
        if try_now(lock) and folder.stat().st_ino == status.st_ino and status.st_uid == os.getuid():
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def abandoned(parent: Path, prefix: str) -> Iterator[Path]:
    """The folders in `parent`, by the beginning of their names, that a builder or user left behind when it ended."""
    with suppress(OSError):
        for entry in parent.iterdir():
            is_ours = entry.name.startswith(prefix) and (_BUILDING in entry.name or entry.name.startswith(_SCRATCH))
            if is_ours and (lock := _try_lock(entry)) is not None:
                yield entry
                os.close(lock)


def _sweep(parent: Path, prefix: str) -> None:
    for entry in abandoned(parent, prefix):
        remove_tree(entry)
