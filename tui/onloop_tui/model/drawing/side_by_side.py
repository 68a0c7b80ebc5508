"""Two columns of lines next to each other."""

from __future__ import annotations

from itertools import zip_longest

from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, width_of

BETWEEN = Span(" │ ", Tone.DIM)
_BETWEEN_WIDTH = 3


def halves(width: int) -> tuple[int, int]:
    """The widths of two columns that share `width`."""
    left = (width - _BETWEEN_WIDTH) // 2
    return left, width - _BETWEEN_WIDTH - left


def side_by_side(left: tuple[Line, ...], right: tuple[Line, ...], width: int) -> tuple[Line, ...]:
    """Two columns as wide as `halves` says, with a rule between them that is as long as the longer one."""
    room, _ = halves(width)
    return tuple(_joined(one, other, room) for one, other in zip_longest(left, right, fillvalue=()))


def _joined(one: Line, other: Line, room: int) -> Line:
    cut = fitted(one, room)
    return (*cut, Span(" " * (room - width_of(cut))), BETWEEN, *other)
