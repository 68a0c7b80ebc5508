"""What stands in the place of a patch: that it is folded and why, or, of a folder, the files in it.

A patch is folded by its file's name, or as the base of the change says: nothing that is flagged is ever folded, and
nothing that the change itself says folds anything.
"""

from __future__ import annotations

from onloop.gates.repository.file_changes import FileChange
from onloop.views.risk import OTHERS, is_generated, may_be_folded, risk_of
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.diff.file_tree import TreeRow
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, heading, line
from onloop_tui.model.drawing.warning_lines import warning_text
from onloop_tui.model.sheet.change_lines import LONGEST_PATH, counts_words

MOST_FILES = 200
_NAME = 0.6


def fold_reason(change: FileChange) -> str:
    """Why the patch is folded at first; empty where it is not."""
    if is_generated(change):
        return "a program writes it, by its name"
    if change.marked and may_be_folded(change):
        return f"{change.marked}, says .gitattributes of the base"
    return OTHERS if risk_of(change) == OTHERS and not change.flag else ""


def fold_lines(change: FileChange, reason: str, width: int) -> tuple[Line, ...]:
    """What is shown in the place of a folded patch."""
    size = f"{change.lines:,} changed lines" if change.added is not None else "binary"
    return (
        line(""),
        *hanging((Span("  ▸ ", Tone.STRONG),), f"folded: {reason} · {size}", width, Tone.STRONG),
        *hanging((Span("    "),), "Enter unfolds it; until then it counts as not opened", width, Tone.DIM),
    )


def folder_lines(row: TreeRow, width: int) -> tuple[Line, ...]:
    """The files below a folder with their sizes, and why to look at them; after `MOST_FILES` they are counted."""
    left = len(row.files) - MOST_FILES
    return (
        heading(f"{len(row.files)} file{'' if len(row.files) == 1 else 's'} in {row.name}", width),
        *(_file_line(change, row.row_id, width) for change in row.files[:MOST_FILES]),
        *((line(f"  … {left} more", Tone.DIM),) if left > 0 else ()),
    )


def _file_line(change: FileChange, folder: str, width: int) -> Line:
    name = column(f"  {safe(change.path.removeprefix(folder), LONGEST_PATH)}", int(width * _NAME), Tone.UNTRUSTED)
    risk = risk_of(change)
    why = (Span("  "), *warning_text(WorkWarning.LOOK_FIRST, risk)) if risk else ()
    return fitted((name, Span(f"  {counts_words(change)}"), *why), width)
