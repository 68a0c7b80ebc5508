"""Lines of the model as strips of cells, in the colours of the theme."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from onloop_tui.model.drawing.text_line import Line, Tone, fitted
from onloop_tui.theme import CURSOR, component


def strip_of(widget: Widget, shown: Line, width: int, *, cursor: bool = False) -> Strip:
    """The line, cut and padded to `width` columns; the row under the cursor has a background of its own."""
    tones = widget.screen
    under = tones.get_component_rich_style(CURSOR, partial=True) if cursor else Style.null()

    def style(tone: Tone) -> Style:
        return tones.get_component_rich_style(component(tone), partial=True)

    segments = [
        Segment(span.text, (style(span.under) + style(span.tone) if span.under else style(span.tone)) + under)
        for span in fitted(shown, width)
        if span.text
    ]
    base = widget.rich_style
    return Strip(segments).apply_style(base).adjust_cell_length(width, base + under)
