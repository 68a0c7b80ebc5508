"""Writers take turns: a kernel lock around each transaction, because SQLite's own waiting starves its writers."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.errors import Unavailable
from onloop.file_lock import open_file, try_now

PATIENCE_S = 30.0
"""How many seconds a writer waits for its turn before it gives up with an error."""


class FairLock:
    """A lock file beside the store. The kernel hands it on in order and frees it when its holder dies."""

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._patience_s = patience_s
        self._file = open_file(path)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock; Unavailable names the process that has held it too long."""
        if not try_now(self._file):
            self._wait()
        try:
            os.pwrite(self._file, b"%-12d" % os.getpid(), 0)
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _wait(self) -> None:
        """Wait in a separate thread: only a blocking flock keeps the order, and only a join has a timeout."""
        arrived, gone = threading.Event(), threading.Event()

        def take() -> None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            arrived.set()
            if gone.is_set():
                fcntl.flock(self._file, fcntl.LOCK_UN)

        threading.Thread(target=take, daemon=True).start()
        if not arrived.wait(self._patience_s):
            gone.set()
            holder = os.pread(self._file, 12, 0).decode("ascii", "replace").strip()
            raise Unavailable(
                f"process {holder or 'unknown'} has held {self._path} for more than {self._patience_s:g} s",
                hint=f"look at it: ps -p {holder or 'PID'}; if it is stopped, continue or end it",
            )

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
