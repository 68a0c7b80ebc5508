"""The file in which what is seen is kept: a new one, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from onloop.errors import BadInput
from onloop.times import wall_clock
from onloop_tui.model.export.exported import ExportWanted

MOST_TRIES = 100


def write_new(wanted: ExportWanted, content: str, named: str, now: int) -> Path:
    """Write the content to the path that was asked for, else to a new name in this folder; returns where.

    BadInput if there is something at that path, or it cannot be written: nothing is ever replaced or followed.
    """
    if wanted.path:
        return _written(Path(os.path.expanduser(wanted.path)), content)  # noqa: PTH111 - the other raises for nobody's home
    stem = f"onloop-{named}-{wall_clock(now):%Y%m%d-%H%M%S}"
    for number in range(MOST_TRIES):
        path = Path(f"{stem}{f'-{number + 1}' if number else ''}{wanted.form.suffix}")
        if not os.path.lexists(path):
            return _written(path, content)
    raise BadInput(f"there are {MOST_TRIES} files named {stem} here already", hint=":export FORM PATH")


def _written(path: Path, content: str) -> Path:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
    except FileExistsError:
        raise BadInput(f"there is something at {path} already", hint="name a file that is not there") from None
    except OSError as problem:
        words = f"{path} cannot be written: {problem.strerror}"
        raise BadInput(words, hint="name a file in a folder of yours") from None
    except UnicodeEncodeError:
        raise BadInput(f"{path} is no name of a file", hint="name a file in a folder of yours") from None
    return path.absolute()
