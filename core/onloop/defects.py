"""A defect of ours that ended a program: said in one line, its trace kept in a private file without any values."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from onloop.errors import OnloopError
from onloop.store_folder import state_folder
from onloop.text import safe
from onloop.times import wall_clock

MOST_KEPT = 20
LARGEST = 64 * 1024
_LONGEST = 200


class Defect(OnloopError):
    """A program ended by a defect of ours; what was acknowledged before is not lost with it."""

    code = "defect"


def defects_folder() -> Path:
    """Where traces of this user's programs are kept."""
    return Path(state_folder()) / "defects"


def kept_defect(error: BaseException, program: str, now: int, folder: Path) -> Defect:
    """Write the trace of `error` below `folder`, where the newest `MOST_KEPT` stay, and return what to say of it."""
    told = safe(f"{type(error).__name__}: {error}".partition("\n")[0], _LONGEST)
    message = f"{program} ended by a defect of ours: {told}{_place(error)}"
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
    """Files, lines and our code, without the values of variables: a passphrase may be among them."""
    whole = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    return "".join(f"{safe(row)}\n" for row in whole.splitlines())[-LARGEST:]


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    for older in sorted(folder.glob("*-*.txt"))[:-MOST_KEPT]:
        older.unlink(missing_ok=True)
    return path
