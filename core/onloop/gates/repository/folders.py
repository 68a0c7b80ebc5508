"""Folders that are made completely or not at all, and removed completely."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onloop.file_lock import try_now

_REMOVALS = 3
_BUILDING = ".building-"
_SCRATCH = "onloop-"


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
    """Removes a folder, even with read-only folders in it, however deep it is; what cannot be removed stays."""
    for _ in range(_REMOVALS):
        if not path.exists():
            return
        try:
            _open_up(path)
            shutil.rmtree(path, ignore_errors=True)
        except RecursionError:  # Python walks a tree by recursion, and a gate may make one of any depth
            _flatten(path)


def _flatten(path: Path) -> None:
    """Move every folder below directly into `path`: then no path is long, and no tree is deep."""
    waiting, moved = [entry for entry in path.iterdir() if _is_folder(entry)], 0
    while waiting:
        folder = waiting.pop()
        with suppress(OSError):
            folder.chmod(0o700)
            for entry in list(folder.iterdir()):
                if _is_folder(entry):
                    entry.chmod(0o700)
                    moved += 1
                    waiting.append(entry.rename(path / f".flat-{moved}"))


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def _open_up(path: Path) -> None:
    with suppress(OSError):
        path.chmod(0o700)
    for parent, folders, _ in os.walk(path):
        for name in folders:
            folder = Path(parent, name)
            with suppress(OSError):
                if stat.S_ISDIR(folder.lstat().st_mode):
                    folder.chmod(0o700)


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
