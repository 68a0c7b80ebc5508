"""Who may read what this process makes: its own user, whatever umask it was started with."""

from __future__ import annotations

import os

OURS = 0o077
AS_IT_IS = -1
"""What a command is started with where nobody has changed it."""

_given: list[int] = []


def keep_private() -> None:
    """From here on, files and folders that this process makes are its user's alone."""
    before = os.umask(OURS)
    if not _given:
        _given.append(before)


def umask_of_user() -> int:
    """The umask for what is not ours to close: agents' work, a repository that is pushed to, processes of our own.

    It is the one that this process was started with, unless it has been changed to another since it was made private.
    """
    now = os.umask(OURS)
    os.umask(now)
    return _given[0] if _given and now == OURS else AS_IT_IS
