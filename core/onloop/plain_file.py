"""Files that somebody's settings, folders or stores name: read without waiting, and no more of them than they may have.

A pipe, a device or a terminal in the place of a file would hold up whoever opens it, for ever, or be read without end.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def plain_bytes(path: str | os.PathLike[str], most: int, *, follows: bool = True) -> bytes:
    """The bytes of a plain file, at most one more than `most`, so that too many show; OSError for all else.

    Unless it `follows`, a symbolic link is no plain file either.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    handle = os.open(path, flags if follows else flags | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(None, "not a regular file")
    with os.fdopen(handle, "rb") as file:
        return file.read(most + 1)


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Put a file with this content at the path, all at once, for our user alone; OSError where it cannot be.

    What is at the path is replaced and never opened; a link there is replaced itself.
    """
    beside = f"{os.fspath(path)}.{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(beside)  # noqa: PTH108 - the short path needs no pathlib
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(beside, flags, 0o600), "wb") as out:
            out.write(content)
        os.replace(beside, path)  # noqa: PTH105
    except OSError:
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108
        raise
