"""Which user code in boxes is outside of them: always the same, for that user owns what is kept."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from onloop.gates.box.kind import Box
from onloop.gates.repository.folders import private
from onloop.gates.strongest_box import is_unused

_FILE = "user"


def settled(box: Box, folder: Path) -> Box:
    """The box with the user that is recorded in `folder`; its own is recorded where there is none that still fits."""
    if box.user is None:
        return box
    private(folder)
    file = folder / _FILE
    with suppress(OSError, ValueError):
        recorded = int(file.read_text())
        if is_unused(recorded):
            return replace(box, user=recorded)
    with suppress(OSError):
        made = file.with_name(f"{_FILE}.{os.getpid()}")
        made.write_text(f"{box.user}\n")
        made.replace(file)
    return box
