"""What a task's agents printed, read from its file as it grows."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from onloop.known_secrets import known_secrets
from onloop.redaction import redacted
from onloop.text import safe

MOST_BYTES = 1_048_576
"""How much of the end of a log is read."""


class PrintedLog:
    """A log that grows. A link or a pipe in its place, where an agent may have put one, is never followed."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    @property
    def has_grown(self) -> bool:
        """Whether there is more than was read."""
        try:
            return self._path.lstat().st_size > self._at
        except OSError:
            return False

    def lines(self) -> Iterator[str]:
        """The lines since the last look, each safe to show and without secrets."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                return
            file.seek(max(self._at, found.st_size - MOST_BYTES))
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
            self._at = file.tell()
        for line in redacted(text, known_secrets()).splitlines():
            yield safe(line, 4_000)
