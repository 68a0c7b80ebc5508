"""The last check before the terminal: no cell of any widget contains a control sequence that a terminal would obey."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from onloop_tui.model.drawing.terminal_text import is_safe, safe


class Guard(LineFilter):
    """A line filter. Textual passes every line of every widget through its filters, including its own widgets."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """The same segments in the same columns, safe to write to a terminal."""
        if all(is_safe(segment.text) for segment in segments):
            return segments
        return [_guarded(segment) for segment in segments]


def _guarded(segment: Segment) -> Segment:
    if is_safe(segment.text):
        return segment
    # Textual laid it out by Rich's width, to which control characters have none.
    return Segment(set_cell_size(safe(segment.text), cell_len(segment.text)), segment.style)


GUARD = Guard()
