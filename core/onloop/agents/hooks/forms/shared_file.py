"""A file of somebody else's into which we write: read with limits, never through a foreign link, replaced whole."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from onloop.errors import BadInput
from onloop.records import Record

LARGEST_FILE = 1024 * 1024


class SharedFile(Record):
    """A file below a folder. One that `follows` links is its user's own, and leads where that user has put it.

    With `within`, a link is followed that stays below the folder.
    """

    base: Path
    name: str
    follows: bool = False
    within: bool = False

    @property
    def path(self) -> Path:
        """Where the file is, as people know it."""
        return self.base / self.name

    def read(self) -> bytes | None:
        """What the file holds; None where it is not there. BadInput where it is not ours to read and rewrite."""
        real = self._real()
        try:
            handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._refused(f"cannot read {self.path}: {problem.strerror}") from None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise self._refused(f"{self.path} is not a file")
            if status.st_uid != os.geteuid():
                raise self._refused(f"{self.path} belongs to another user (uid {status.st_uid})")
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise self._refused(f"{self.path} is larger than {LARGEST_FILE} bytes")
        return content

    def write(self, content: bytes, *, for_all: bool = False) -> None:
        """Replace the file: a reader sees the old one or the new one. `for_all`: every user reads what is made."""
        real = self._real()
        try:
            _make_parents(real.parent, 0o755 if for_all else 0o777 & ~_umask())
            handle, fresh = tempfile.mkstemp(prefix=f".{real.name}-", dir=real.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
            Path(fresh).chmod(real.stat().st_mode & 0o777 if real.exists() else 0o644)
            Path(fresh).replace(real)
        except OSError as problem:
            raise self._refused(f"cannot write {self.path}: {problem.strerror}") from None

    def remove(self) -> None:
        """Remove the file."""
        try:
            self._real().unlink()
        except OSError as problem:
            raise self._refused(f"cannot remove {self.path}: {problem.strerror}") from None

    def _real(self) -> Path:
        """The file itself; BadInput where a link that is not its user's own leads there."""
        real, base = Path(os.path.realpath(self.path)), Path(os.path.realpath(self.base))
        if self.within and real.is_relative_to(base) and ".git" not in real.relative_to(base).parts:
            return real
        if not self.follows and real != base / self.name:
            raise self._refused(f"{self.path} is a link, or lies behind one, to {real}")
        return real

    def _refused(self, words: str) -> BadInput:
        return BadInput(words, hint="nothing was changed; onloop hook show AGENT prints what belongs there")


def _make_parents(folder: Path, mode: int) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        each.chmod(mode)


def _umask() -> int:
    before = os.umask(0o077)
    os.umask(before)
    return before
