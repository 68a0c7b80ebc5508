"""The workflow of a task as boxes and arrows, with the way that the task went lit."""

from __future__ import annotations

from onloop.machine.definition import Definition
from onloop.machine.plain_graph import BOX, workflow_text
from onloop.machine.step_marks import LEGEND, Mark, step_marks
from onloop.machine.task import Task
from onloop_tui.model.drawing.text_line import Line, Span, Tone, line

_TONES = {Mark.HERE: Tone.HEADING, Mark.PASSED: Tone.GOOD, Mark.NOT_TAKEN: Tone.DIM}


def way_lines(definition: Definition, task: Task | None) -> tuple[Line, ...]:
    """The drawing: a box has the tone of its step's mark, which stands before its name; without a task, plain."""
    marks = step_marks(definition, task) if task is not None else {}
    lines: list[Line] = []
    tone = Tone.PLAIN
    rows = workflow_text(definition, marks).rstrip("\n").split("\n")
    for number, row in enumerate(rows):
        if row.startswith("┌"):
            tone = _tone_of(rows[number + 1] if number + 1 < len(rows) else "")
        lines.append((Span(row[:BOX], tone), Span(row[BOX:], Tone.DIM)))
        if row.startswith("└"):
            tone = Tone.PLAIN
    return (*lines, line(LEGEND, Tone.DIM)) if marks else tuple(lines)


def _tone_of(title: str) -> Tone:
    """The tone of the box that has this row as its first."""
    return next((tone for mark, tone in _TONES.items() if title.startswith(f"│ {mark} ")), Tone.PLAIN)
