"""A painting of Textual's, sent as the cells that differ from what the terminal shows."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from onloop_tui.terminal.shown_cells import PaintedPiece, ShownCells


class FewerBytes(CompositorUpdate):
    """The same as the painting that it is made from, in as few bytes as what is shown allows."""

    def __init__(self, painting: LayoutUpdate | ChopsUpdate, shown: ShownCells) -> None:
        self._painting = painting
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """The sequences to send."""
        return self._shown.painted(pieces_of(self._painting), console._color_system)  # noqa: SLF001 - as rich renders


def pieces_of(painting: LayoutUpdate | ChopsUpdate) -> Iterator[PaintedPiece]:
    """What a painting puts where."""
    if isinstance(painting, LayoutUpdate):
        for y, row in enumerate(painting.strips, painting.region.y):
            yield PaintedPiece(y, painting.region.x, [segment for strip in row for segment in strip])
        return
    for y, left, right in painting.spans:
        for end, (x, strip) in zip(painting.chop_ends[y], painting.chops[y].items(), strict=False):
            if strip is not None and x <= right and end > left:
                yield PaintedPiece(y, x, strip.crop(0, max(0, min(end, right) - x)))
