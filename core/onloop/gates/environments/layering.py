"""Whether a box can show layers here, found by trying."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.box.folder_owners import give
from onloop.gates.box.kind import Box
from onloop.gates.box.visible import inside
from onloop.gates.command_process import run
from onloop.gates.environments.place import Layering, place_over
from onloop.gates.repository.folders import private, scratch
from onloop.machine.definition import BoxSpec

_TRIAL_MS = 20_000
_SCRIPT = 'read word < said && test "$word" = lower && echo upper > said && read word < said && test "$word" = upper'


@cache
def layering_of(box: Box, folder: Path) -> Layering:
    """How places get what is in `folder`: mounted where such a box can do that, for places there and in TMPDIR."""
    private(folder)
    works = box.kind.moves_paths and all(_works(box, folder, parent) for parent in (None, folder))
    return Layering.OVERLAY if works else Layering.COPY


def _works(box: Box, folder: Path, parent: Path | None) -> bool:
    """Whether code can read what is below, write over it, and leave it as it was."""
    with ExitStack() as stack:
        lower = stack.enter_context(scratch("trial", folder))
        (lower / "said").write_text("lower\n")
        if box.user is not None:
            give(lower, box.user)
        try:
            place = stack.enter_context(place_over((lower,), layering=Layering.OVERLAY, parent=parent))
            view = place.view(BoxSpec(), ())
            words, here = ("/bin/sh", "-c", _SCRIPT), inside(box, view).checkout
            ran = run(words, folder=here, environment={}, timeout_ms=_TRIAL_MS, box=box, view=view)
        except (Unavailable, OSError):
            return False
        return ran.exit_code == 0 and (lower / "said").read_text() == "lower\n"
