"""A report as CSV: one row for each task, which no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from onloop.cli.reports.report_source import ReportSource
from onloop.text import safe
from onloop.times import utc_words
from onloop.views.reporting.report_records import TaskLine

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula may begin with, the wide forms among them, which some spreadsheets read alike."""
_FIELDS = (
    *("task", "parent", "repository", "title", "target", "wave", "class", "state", "reason", "cause", "step"),
    *("attempts", "rounds", "decisions", "bypassed", "created", "began", "ended", "work_seconds", "commit", "detail"),
)


def csv_pieces(source: ReportSource) -> Iterator[str]:
    """The file, row by row; after what is the same for every workflow come the seconds at each of its steps."""
    steps = source.report.steps
    yield _row((*_FIELDS, *(f"seconds {step}" for step in steps), "seconds elsewhere"))
    for line in source.lines():
        yield _row(_cells(line, steps))


def _cells(line: TaskLine, steps: Sequence[str]) -> Sequence[str]:
    at = {each.step: each.ms for each in line.steps}
    elsewhere = sum(ms for step, ms in at.items() if step not in steps)
    return (
        line.task,
        line.parent or "",
        line.repo or "",
        line.title,
        line.target,
        str(line.wave or ""),
        line.counted_as.value,
        line.state.value,
        line.reason.value if line.reason is not None else "",
        line.cause,
        line.step or "",
        str(line.attempts),
        str(line.rounds),
        str(len(line.decisions)),
        str(len(line.bypasses)),
        *(utc_words(each) if each is not None else "" for each in (line.created, line.begun, line.ended)),
        _seconds(line.work_ms),
        line.commit,
        line.detail,
        *(_seconds(at[step]) if step in at else "" for step in steps),
        _seconds(elsewhere) if elsewhere else "",
    )


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f}"


def _row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(harmless, cells))
    return out.getvalue()


def harmless(text: str) -> str:
    """A cell of one line that begins with no character by which a spreadsheet knows a formula."""
    shown = safe(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
