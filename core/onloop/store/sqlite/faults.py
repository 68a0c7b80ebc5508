"""Errors of SQLite and the disk in our own words: never a traceback, and never a false success."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from onloop.errors import FailureKind, OnloopError, StoreError, Unavailable

_BUSY = (apsw.BusyError, apsw.LockedError)
_DISK = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
    apsw.ProtocolError,
)
_OURS = (apsw.MisuseError, apsw.ThreadingViolationError, apsw.ForkingViolationError, apsw.ConnectionClosedError)


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn an error with the file at `path` into a StoreError, or into Unavailable if trying again can work."""
    try:
        yield
    except (OnloopError, *_OURS):
        raise
    except _BUSY as problem:
        raise Unavailable(f"{path} is busy: {problem}", hint="try again", kind=FailureKind.BUSY) from None
    except _DISK as problem:
        raise StoreError(
            f"{path} cannot be used: {problem}",
            hint="check the disk's free space and the file's permissions",
            kind=FailureKind.NO_SPACE if isinstance(problem, apsw.FullError) else None,
        ) from None
    except (apsw.Error, apsw.NoMemError) as problem:
        raise damaged(path, problem) from None


def damaged(path: Path, problem: object) -> StoreError:
    """The error for a file whose content makes no sense."""
    return StoreError(f"{path} is damaged or not a store: {problem}", hint="onloop store verify; restore a backup")


def not_utf8(problem: UnicodeDecodeError) -> StoreError:
    """The error for text in the file that is not UTF-8."""
    words = f"the store holds text that is not UTF-8: {problem.reason}"
    return StoreError(words, hint="onloop store verify; restore a backup")
