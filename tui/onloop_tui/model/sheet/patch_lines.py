"""How much of each file of a change was shown, and which rows of a patch are in sight."""

from __future__ import annotations

from collections.abc import Collection

from onloop.gates.repository.file_changes import FileChange
from onloop.views.changes import PatchPage
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Tone

WHOLE = Sign("●", "shown", Tone.GOOD)
OPENED = Sign("●", "opened", Tone.GOOD)
PART = Sign("◐", "in part", Tone.WARN)
NOT_SHOWN = Sign("○", "not shown", Tone.WARN)
BINARY = Sign("○", "binary", Tone.WARN)
"""How much of a file was shown."""


def sign_of_file(change: FileChange, opened: Collection[str], *, diff_shown: bool = True) -> Sign:
    """How much of the file a person was shown at this dashboard."""
    if change.path in opened:
        return OPENED
    if change.added is None:
        return BINARY
    if not diff_shown or change.lines_shown == 0:
        return NOT_SHOWN
    return WHOLE if change.is_whole else PART


def place_words(page: PatchPage, top: int, height: int) -> str:
    """Which rows of how many are in sight."""
    last = min(page.total, top + height)
    return f"lines {min(top + 1, page.total):,} to {last:,} of {page.total:,}"
