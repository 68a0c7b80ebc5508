"""Warnings about work as lines: the only place that draws one, always from the registry."""

from __future__ import annotations

from onloop.views.work_warnings import SHAPE, WorkWarning, warned
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging

Remark = tuple[str, Tone]


def warning_lines(kind: WorkWarning, *subject: object, width: int, indent: int = 2) -> tuple[Line, ...]:
    """The warning about the subject, `width` columns wide; nothing where it does not hold."""
    mark = (Span(f"{' ' * indent}{SHAPE} ", Tone.WARN),)
    return tuple(line for words in warned(kind, *subject) for line in hanging(mark, words, width, Tone.WARN))


def warning_remarks(kind: WorkWarning, *subject: object, after: str = "") -> tuple[Remark, ...]:
    """The same for a place that draws its own lines; `after` says what can be done."""
    return tuple((f"{SHAPE} {words}{after}", Tone.WARN) for words in warned(kind, *subject))


def warning_spans(kind: WorkWarning, *subject: object) -> tuple[Span, ...]:
    """The same for a line that has more in it."""
    return tuple(Span(f"{SHAPE} {words}", Tone.WARN) for words in warned(kind, *subject))


def warning_text(kind: WorkWarning, *subject: object) -> tuple[Span, ...]:
    """The words alone, for what stands after a name whose mark is there."""
    return tuple(Span(words, Tone.WARN) for words in warned(kind, *subject))


def warning_mark(kind: WorkWarning, *subject: object) -> Span:
    """The shape alone, or as much room, for what stands before a name."""
    return Span(f"{SHAPE} ", Tone.WARN) if warned(kind, *subject) else Span("  ")
