"""The change as lines: the files in reading order, then the diff in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from onloop.gates.repository.file_changes import FileChange, Status
from onloop.views.changes import budget_words
from onloop.views.risk import risk_of
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.terminal_text import cells, safe, wrap
from onloop_tui.model.drawing.text_line import GUTTER, Line, Span, Tone, hanging, width_of
from onloop_tui.model.drawing.warning_lines import warning_lines, warning_mark, warning_text

MOST_FILES = 200
MOST_DIFF_LINES = 20_000
"""Far more rows than the diff's own budget gives, unless nearly all of its lines are wrapped."""
LONGEST_PATH = 300


def file_lines(files: Sequence[FileChange], width: int) -> tuple[Line, ...]:
    """One entry per file; risky ones are marked, with the reason, and those not shown whole say so."""
    lines: list[Line] = []
    for change in files[:MOST_FILES]:
        lines += _file(change, width)
    if len(files) > MOST_FILES:
        told = f"{len(files) - MOST_FILES:,} more files; d lists all of them"
        lines += warning_lines(WorkWarning.NOT_SHOWN, told, width=width)
    return tuple(lines)


def totals(files: Sequence[FileChange]) -> str:
    """The size of the change in a few words."""
    added = sum(change.added or 0 for change in files)
    removed = sum(change.removed or 0 for change in files)
    risky = sum(risk_of(change) is not None for change in files)
    size = f"{len(files)} file{'s' if len(files) != 1 else ''}, +{added} −{removed}"
    return f"{size}, {risky} to look at first" if risky else size


def _file(change: FileChange, width: int) -> tuple[Line, ...]:
    risk = risk_of(change)
    mark = warning_mark(WorkWarning.LOOK_FIRST, risk)
    cut = f"  {shown_words(change)}" if change.lines_shown is not None else ""
    words = f"{safe(change.path, LONGEST_PATH)}  {counts_words(change)}{cut}"
    lines = hanging((Span("  "), mark), words, width)
    if risk is None:
        return lines
    reason = warning_text(WorkWarning.LOOK_FIRST, risk)
    beside = (*lines[-1], Span("  "), *reason)
    if width_of(beside) <= width:
        return (*lines[:-1], beside)
    return (*lines, *(shown for span in reason for shown in hanging((Span("      "),), span.text, width, span.tone)))


def counts_words(change: FileChange) -> str:
    """How much of a file changes, and how."""
    counts = "binary" if change.added is None else f"+{change.added} −{change.removed}"
    kind = "" if change.status is Status.MODIFIED else f"  {change.status.value}"
    was = f"  from {safe(change.previous, LONGEST_PATH)}" if change.previous else ""
    return f"{counts}{kind}{was}"


def shown_words(change: FileChange) -> str:
    """How much of a file its diff shows, where that is not all."""
    return f"shown: {change.lines_shown:,} of {change.lines:,} lines" if change.lines_shown else "not shown"


@lru_cache(maxsize=8)
def diff_lines(diff: str, files: tuple[FileChange, ...], width: int) -> tuple[Line, ...]:
    """The patch behind the gutter, and how much of the change it is. Long lines are wrapped, never cut."""
    rows = diff.removesuffix("\n").split("\n") if diff else []
    told = f"{cut}; d opens each file whole" if (cut := budget_words(files)) else ""
    lines = list(warning_lines(WorkWarning.NOT_SHOWN, told, width=width))
    inside = False
    for number, row in enumerate(rows):
        if len(lines) >= MOST_DIFF_LINES:
            told = f"{len(rows) - number:,} more rows; d opens each file whole"
            lines += warning_lines(WorkWarning.NOT_SHOWN, told, width=width, indent=0)
            break
        inside = row.startswith("@@") or (inside and not row.startswith("diff --git "))
        lines += _diff_row(row, inside, width)
    return tuple(lines)


def _diff_row(row: str, inside: bool, width: int) -> list[Line]:
    shape, tone = row[:1], row_tone(row, inside=inside)
    text = safe(row)
    pieces = wrap(text, max(10, width - cells(GUTTER.text)))
    if len(pieces) == 1 or not inside:
        return [(GUTTER, Span(piece, tone)) for piece in pieces]
    again = f"{shape}↪" if shape in {"+", "-"} else " ↪"
    wrapped = wrap(text, max(10, width - cells(GUTTER.text) - 2))
    return [(GUTTER, Span(wrapped[0], tone)), *((GUTTER, Span(f"{again}{piece}", tone)) for piece in wrapped[1:])]


def row_tone(row: str, *, inside: bool) -> Tone:
    """The tone of a row of a patch; `inside` if it belongs to no header."""
    if row.startswith("diff --git "):
        return Tone.STRONG
    if row.startswith("@@"):
        return Tone.HEADING
    if row.startswith("[shortened: "):
        return Tone.STRONG
    if not inside:
        return Tone.DIM
    return {"+": Tone.GOOD, "-": Tone.BAD}.get(row[:1], Tone.PLAIN)
