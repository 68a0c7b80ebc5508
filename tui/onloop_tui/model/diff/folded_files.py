"""Which files' patches are folded until somebody opens them, and why: by name, or as the base of the change says.

Nothing that is flagged is ever folded, and nothing that the change itself says folds anything.
"""

from __future__ import annotations

from onloop.gates.repository.file_changes import FileChange
from onloop.views.risk import OTHERS, is_generated, may_be_folded, risk_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line


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
