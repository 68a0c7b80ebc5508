"""The private folder of a dashboard of the page: locked while its gateway lives, so that what is left over is known."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from onloop.file_lock import try_now
from onloop.remote.http.web.web_settings import AppUser

PREFIX = "onloop-web-"
_TRIES = 20


class PrivateFolder:
    """An empty folder that its user alone may enter, until it is removed; the kernel lets its lock go with us."""

    def __init__(self) -> None:
        self.path, self._lock = _locked()

    def give_to(self, user: AppUser) -> None:
        """Let it be that user's."""
        os.chown(self._lock, user.uid, user.gid)

    def remove(self) -> None:
        """Remove it and what lies in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _locked() -> tuple[Path, int]:
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        with suppress(FileNotFoundError):  # whoever removes what is left over was quicker, as there was no lock yet
            handle = _opened(path)
            if try_now(handle) and _is_at(handle, path):
                return path, handle
            os.close(handle)
    raise OSError(None, f"no folder of {tempfile.gettempdir()} stays")


def remove_left(users: Collection[int]) -> list[Path]:
    """Remove the folders of these users whose gateway has ended without doing so; the answer is which."""
    gone: list[Path] = []
    with os.scandir(tempfile.gettempdir()) as entries:
        found = sorted(Path(entry.path) for entry in entries if entry.name.startswith(PREFIX))
    for path in found:
        with suppress(OSError):  # it is somebody else's, or goes just now
            handle = _opened(path)
            try:
                told = os.fstat(handle)
                is_ours = told.st_uid in users and stat.S_IMODE(told.st_mode) == 0o700
                if is_ours and try_now(handle) and _is_at(handle, path):
                    shutil.rmtree(path, ignore_errors=True)
                    gone.append(path)
            finally:
                os.close(handle)
    return gone


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open folder is still what its path leads to."""
    now, then = path.lstat(), os.fstat(handle)
    return (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino)
