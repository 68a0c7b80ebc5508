"""Who may read the files that this process makes: only its own user, whatever umask it was started with."""

from __future__ import annotations

import os

OURS = 0o077
AS_IT_IS = -1
"""The umask argument that leaves a command's umask unchanged."""

_given: list[int] = []


def keep_private() -> None:
    """From now on, only this process's user can read the files and folders that it makes."""
    before = os.umask(OURS)
    if not _given:
        _given.append(before)


def umask_of_user() -> int:
    """The umask for agents' work, for pushes, and for our own child processes, which we must not restrict.

    It is the umask that this process started with, or the current one if something changed it after `keep_private`.
    """
    now = os.umask(OURS)
    os.umask(now)
    return _given[0] if _given and now == OURS else AS_IT_IS
