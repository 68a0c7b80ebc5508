"""PURE: a burndown drawn with block characters: columns that are as high as the count, in so many rows."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.views.reporting.open_counts import OpenCount

_PARTS = " ▁▂▃▄▅▆▇█"
_HELD = "░"
HELD_LEGEND = f"{_HELD} stood still"
"""What the shape of a column means in which the run stood still."""


def chart_rows(points: Sequence[OpenCount], width: int, height: int = 1) -> tuple[str, ...]:
    """The rows of the chart, the highest first, at most `width` cells wide; empty without points or room.

    A count above zero is never drawn as nothing. Columns in which the run stood still are shaded.
    """
    if not points or width < 1 or height < 1:
        return ()
    shown = _thinned(points, width)
    most = max(point.open for point in points) or 1
    levels = [_level(point.open, most, height * 8) for point in shown]
    return tuple(
        "".join(_cell(level - 8 * row, held=point.held) for level, point in zip(levels, shown, strict=True))
        for row in reversed(range(height))
    )


def _thinned(points: Sequence[OpenCount], width: int) -> Sequence[OpenCount]:
    """As many of the points as fit, evenly, the first and the last among them."""
    if len(points) <= width:
        return points
    if width == 1:
        return points[-1:]
    return [points[round(i * (len(points) - 1) / (width - 1))] for i in range(width)]


def _level(count: int, most: int, eighths: int) -> int:
    return max(1, round(count * eighths / most)) if count else 0


def _cell(eighths: int, *, held: bool) -> str:
    if eighths <= 0:
        return " "
    return _HELD if held else _PARTS[min(8, eighths)]
