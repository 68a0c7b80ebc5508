"""Locks that the kernel keeps on open files: a process loses those it holds when it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_S = 0.02
"""How long `wait` sleeps between two tries, in seconds."""

LONGEST_LOOK_S = 0.4
"""How long `sole` tries, in seconds: another process may hold the lock for a moment, only to see who has it."""


def open_file(path: Path) -> int:
    """Open a lock's file, and create it for our user alone; programs that we start do not inherit it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_now(handle: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file or folder if it is free now; whether it was."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait(handle: int, patience_s: float) -> bool:
    """Take the lock within `patience_s` seconds, in no order among those who wait; whether it was taken."""
    deadline = time.monotonic() + patience_s
    while not try_now(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True


@contextmanager
def sole(path: Path, refusal: Callable[[str], Exception]) -> Iterator[None]:
    """Hold the lock at `path`, whose file then names our process; raise `refusal(process id)` if another holds it."""
    handle = open_file(path)
    try:
        if not wait(handle, LONGEST_LOOK_S):
            raise refusal(_process_in(handle))
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def holder_of(path: Path) -> str | None:
    """The id of the process that holds the lock at `path` as `sole`; None where nobody does."""
    handle = open_file(path)
    try:
        return None if try_now(handle, shared=True) else _process_in(handle)
    finally:
        os.close(handle)


def _process_in(handle: int) -> str:
    return os.pread(handle, 20, 0).decode("ascii", "replace")
