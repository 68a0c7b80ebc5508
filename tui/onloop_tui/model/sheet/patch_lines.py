"""The files of a change as rows, and rows of one file's whole patch as lines."""

from __future__ import annotations

from collections.abc import Collection

from onloop.gates.repository.file_changes import FileChange
from onloop.views.changes import PatchPage
from onloop.views.risk import risk_of
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import GUTTER, Line, Span, Tone, fitted
from onloop_tui.model.drawing.warning_lines import warning_spans
from onloop_tui.model.sheet.change_lines import LONGEST_PATH, counts_words, row_tone, shown_words

WHOLE = Sign("●", "shown", Tone.GOOD)
OPENED = Sign("●", "opened", Tone.GOOD)
PART = Sign("◐", "in part", Tone.WARN)
NOT_SHOWN = Sign("○", "not shown", Tone.WARN)
BINARY = Sign("○", "binary", Tone.WARN)
"""How much of a file was shown."""

_SIGN = 11


def sign_of_file(change: FileChange, opened: Collection[str], *, diff_shown: bool = True) -> Sign:
    """How much of the file a person was shown at this dashboard."""
    if change.path in opened:
        return OPENED
    if change.added is None:
        return BINARY
    if not diff_shown or change.lines_shown == 0:
        return NOT_SHOWN
    return WHOLE if change.is_whole else PART


def file_row(change: FileChange, sign: Sign, width: int) -> Line:
    """A file with how much of it was shown, its size, and why it deserves a look."""
    cut = f"  {shown_words(change)}" if change.lines_shown is not None else ""
    words = f"{safe(change.path, LONGEST_PATH)}  {counts_words(change)}{cut}"
    risk = risk_of(change)
    why = warning_spans(WorkWarning.LOOK_FIRST, risk)
    return fitted((sign.span(_SIGN), Span(words, Tone.UNTRUSTED), Span("  "), *why), width)


def patch_line(row: str, number: int, hunk: int) -> Line:
    """A row of a patch behind the gutter; `hunk` is the number of the first that belongs to no header."""
    return (GUTTER, Span(row, row_tone(row, inside=bool(hunk) and number >= hunk)))


def place_words(page: PatchPage, top: int, height: int) -> str:
    """Which rows of how many are in sight."""
    last = min(page.total, top + height)
    return f"lines {min(top + 1, page.total):,} to {last:,} of {page.total:,}"
