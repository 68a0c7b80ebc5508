"""Which task a session in this folder has joined: a file of its user's, outside of the repository. Imports little."""

from __future__ import annotations

import json
import os
import stat
from hashlib import sha256

LARGEST = 65_536


def clone_around(folder: str) -> str | None:
    """The root of the clone that `folder` is in; None if it is in none."""
    at = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(at, ".git")):  # noqa: PTH118 - pathlib would be most of its cost
        above = os.path.dirname(at)  # noqa: PTH120
        if above == at:
            return None
        at = above
    return at


def record_of(clone: str) -> str:
    """The file that says what was joined in a clone."""
    given = os.environ.get("XDG_STATE_HOME", "")
    state = given if given.startswith("/") else os.path.expanduser("~/.local/state")  # noqa: PTH111
    return f"{state}/onloop/joined/{sha256(os.fsencode(clone)).hexdigest()[:24]}.json"


def joined(clone: str) -> dict[str, str]:
    """The variables of the session that has joined in a clone; none where no file of ours alone says so."""
    try:
        handle = os.open(record_of(clone), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            return {}
        try:
            found = json.loads(file.read(LARGEST))
        except ValueError:
            return {}
    ours = isinstance(found, dict) and all(
        isinstance(name, str) and name.startswith("ONLOOP_") and isinstance(value, str) for name, value in found.items()
    )
    return found if ours else {}


def act_as_joined() -> bool:
    """Take on what was joined in the current folder; the answer is whether anything was."""
    try:
        clone = clone_around(os.getcwd())  # noqa: PTH109
    except OSError:
        return False
    found = joined(clone) if clone is not None else {}
    os.environ.update(found)
    return bool(found)
