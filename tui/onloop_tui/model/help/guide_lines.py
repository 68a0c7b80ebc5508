"""The guides as lines to draw, and the list to choose one from; PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.guides.catalogue import Guide
from onloop.guides.layout import Style
from onloop.guides.markdown import lines_of
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line

_TONES: Mapping[Style, Tone] = {
    Style.PLAIN: Tone.PLAIN,
    Style.TITLE: Tone.HEADING,
    Style.HEADING: Tone.HEADING,
    Style.STRONG: Tone.STRONG,
    Style.EMPHASIS: Tone.STRONG,
    Style.CODE: Tone.ACCENT,
    Style.DIM: Tone.DIM,
}


def guide_lines(guide: Guide, width: int) -> tuple[Line, ...]:
    """A guide as lines of `width` columns. Markdown signs stay, so that colour alone carries no meaning."""
    drawn = lines_of(guide.text, width, marked=True)
    return tuple(tuple(Span(text, _TONES[style]) for text, style in row) for row in drawn)


def list_lines(guides: Sequence[Guide], chosen: int, width: int) -> tuple[tuple[Line, ...], int]:
    """The guides by name, title and summary, with a cursor at the chosen one, and the row of the cursor."""
    names = max((len(each.name) for each in guides), default=0)
    lines: list[Line] = []
    row = 0
    for number, each in enumerate(guides):
        row = len(lines) if number == chosen else row
        first = (Span("▶ " if number == chosen else "  "), Span(f"{each.name:<{names}}  ", Tone.ACCENT))
        lines += hanging(first, each.title, width, Tone.STRONG)
        lines += hanging((Span(" " * (names + 4)),), each.summary, width, Tone.DIM)
    return (*lines, line("")), row
