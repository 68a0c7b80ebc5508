"""A defect of ours that ended a program: said in one line, its trace kept in a private file without any values."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from onloop.errors import OnloopError
from onloop.store_folder import state_folder
from onloop.text import safe
from onloop.times import wall_clock

MOST_KEPT = 20
LARGEST = 64 * 1024
MOST_LINKED = 10
_LONGEST = 200


class Defect(OnloopError):
    """A program ended by a defect of ours; what was acknowledged before is not lost with it."""

    code = "defect"


def defects_folder() -> Path:
    """Where traces of this user's programs are kept."""
    return Path(state_folder()) / "defects"


def kept_defect(error: BaseException, program: str, now: int, folder: Path) -> Defect:
    """Write the trace of `error` below `folder`, where the newest `MOST_KEPT` stay, and return what to say of it."""
    message = f"{program} ended by a defect of ours: {safe(_kind(error), _LONGEST)}{_place(error)}"
    name = f"{wall_clock(now):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    try:
        path = _written(folder, name, _trace(error))
    except OSError as problem:
        return Defect(message, hint=f"try again; please report it (its trace cannot be kept: {problem.strerror})")
    return Defect(message, hint=f"try again; please report it with {safe(str(path))}")


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({safe(Path(frames[-1].filename).name)}:{frames[-1].lineno})" if frames else ""


def _trace(error: BaseException) -> str:
    """Files, lines and our code of it and of what led to it, without variables and messages.

    A passphrase may be among either: `int()` and a missing key say what they were given.
    """
    chain = list(_chain(error))
    whole = "".join(
        "".join((*traceback.format_list(traceback.extract_tb(each.__traceback__)), f"{_kind(each)}\n"))
        for each in reversed(chain)
    )
    return "".join(f"{safe(row)}\n" for row in whole.splitlines())[-LARGEST:]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it, the last first; a circle of them ends."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen and len(seen) < MOST_LINKED:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    for older in sorted(folder.glob("*-*.txt"))[:-MOST_KEPT]:
        with suppress(OSError):  # whatever else lies there
            older.unlink()
    return path
