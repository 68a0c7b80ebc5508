"""The change as lines: the files, risky ones first, then the diff in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from onloop.gates.repository.file_changes import FileChange, Status
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.terminal_text import cells, safe, wrap
from onloop_tui.model.drawing.text_line import GUTTER, Line, Span, Tone, hanging, line, width_of
from onloop_tui.model.drawing.warning_lines import warning_lines, warning_mark, warning_text
from onloop_tui.model.sheet.risk import risk_of, riskiest_first

MOST_FILES = 200
MOST_DIFF_LINES = 3_000
LONGEST_PATH = 300


def file_lines(files: Sequence[FileChange], width: int) -> tuple[Line, ...]:
    """One entry per file; risky files come first and are marked, with the reason."""
    lines: list[Line] = []
    order = riskiest_first(files)
    for place in order[:MOST_FILES]:
        lines += _file(files[place], width)
    if len(order) > MOST_FILES:
        lines.append(line(f"  … {len(order) - MOST_FILES} more files", Tone.DIM))
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
    counts = "binary" if change.added is None else f"+{change.added} −{change.removed}"
    kind = "" if change.status is Status.MODIFIED else f"  {change.status.value}"
    was = f"  from {safe(change.previous, LONGEST_PATH)}" if change.previous else ""
    mark = warning_mark(WorkWarning.LOOK_FIRST, risk)
    lines = hanging((Span("  "), mark), f"{safe(change.path, LONGEST_PATH)}  {counts}{kind}{was}", width)
    if risk is None:
        return lines
    reason = warning_text(WorkWarning.LOOK_FIRST, risk)
    beside = (*lines[-1], Span("  "), *reason)
    if width_of(beside) <= width:
        return (*lines[:-1], beside)
    return (*lines, *(shown for span in reason for shown in hanging((Span("      "),), span.text, width, span.tone)))


@lru_cache(maxsize=8)
def diff_lines(diff: str, files: tuple[FileChange, ...], width: int) -> tuple[Line, ...]:
    """The patch behind the gutter. Long lines are wrapped, never cut; after the limit, the rest is counted."""
    rows = [row for part in _parts(diff, files) for row in part]
    lines: list[Line] = []
    inside = False
    for number, row in enumerate(rows):
        if len(lines) >= MOST_DIFF_LINES:
            lines += warning_lines(WorkWarning.NOT_SHOWN, f"{len(rows) - number} more lines", width=width, indent=0)
            break
        inside = row.startswith("@@") or (inside and not row.startswith("diff --git "))
        lines += _diff_row(row, inside, width)
    return tuple(lines)


def _parts(diff: str, files: Sequence[FileChange]) -> list[list[str]]:
    """The patch split by file, in the order of the file list. A line of content cannot begin with `diff --git`."""
    parts: list[list[str]] = []
    for row in diff.rstrip("\n").split("\n"):
        if row.startswith("diff --git ") or not parts:
            parts.append([])
        parts[-1].append(row)
    return [parts[place] for place in riskiest_first(files)] if len(parts) == len(files) else parts


def _diff_row(row: str, inside: bool, width: int) -> list[Line]:
    shape, tone = row[:1], _tone(row, inside)
    text = safe(row)
    pieces = wrap(text, max(10, width - cells(GUTTER.text)))
    if len(pieces) == 1 or not inside:
        return [(GUTTER, Span(piece, tone)) for piece in pieces]
    again = f"{shape}↪" if shape in {"+", "-"} else " ↪"
    wrapped = wrap(text, max(10, width - cells(GUTTER.text) - 2))
    return [(GUTTER, Span(wrapped[0], tone)), *((GUTTER, Span(f"{again}{piece}", tone)) for piece in wrapped[1:])]


def _tone(row: str, inside: bool) -> Tone:
    if row.startswith("diff --git "):
        return Tone.STRONG
    if row.startswith("@@"):
        return Tone.ACCENT
    if not inside:
        return Tone.DIM
    return {"+": Tone.GOOD, "-": Tone.BAD}.get(row[:1], Tone.PLAIN)
