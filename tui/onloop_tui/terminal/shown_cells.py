"""What a terminal shows, cell by cell, so that on a slow line only what differs is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

CHEAPER_THAN_MOVING = 6
"""So many cells that are right already are sent again rather than jumped over."""


class ShownCell(NamedTuple):
    """A character with its marks, and its style. What is behind a wide one has an empty text."""

    text: str
    style: Style


class PaintedPiece(NamedTuple):
    """Segments that begin at a column of a row."""

    y: int
    x: int
    segments: Iterable[Segment]


class Pen(NamedTuple):
    """The codes of a style: its attributes, its ink and its paper."""

    attributes: str
    ink: str
    paper: str


_UNKNOWN = ShownCell("\0", Style.null())
_ON_BLANKS = ("4", "7", "9")
"""Attributes that are seen where nothing is written: underline, reverse, strike."""


class ShownCells:
    """The cells of a terminal as far as they are known; nothing is at first, and after `forget`."""

    def __init__(self) -> None:
        self._rows: dict[int, list[ShownCell]] = {}
        self._size = (0, 0)

    def forget(self) -> None:
        """Know nothing any more, so that all is sent again."""
        self._rows.clear()

    def sized(self, size: tuple[int, int]) -> None:
        """Note the size: a terminal of another one shows something else."""
        if size != self._size:
            self._size = size
            self.forget()

    def painted(self, pieces: Iterable[PaintedPiece], colours: ColorSystem | None) -> str:
        """What to send, so that the terminal shows the pieces."""
        sent: list[str] = []
        pen: Pen | None = None
        for piece in pieces:
            cells = list(cells_of(piece.segments))
            row = self._rows.setdefault(piece.y, [])
            row.extend([_UNKNOWN] * (piece.x + len(cells) - len(row)))
            for start, end in _differing(row[piece.x : piece.x + len(cells)], cells):
                sent.append(f"\x1b[{piece.y + 1};{piece.x + start + 1}H")
                pen = _write(sent, cells[start:end], pen, colours)
            row[piece.x : piece.x + len(cells)] = cells
        if pen is not None:
            sent.append("\x1b[0m")
        return "".join(sent)


def cells_of(segments: Iterable[Segment]) -> Iterator[ShownCell]:
    """The cells of the segments, as many as Textual lays out."""
    for text, style, control in segments:
        if control:
            continue
        own = style or Style.null()
        if text.isascii():
            yield from (ShownCell(char, own) for char in text)
        else:
            yield from _wide_cells(text, own)


def _wide_cells(text: str, style: Style) -> Iterator[ShownCell]:
    kept = ""
    for char in text:
        if cell_len(char) == 0:
            kept += char
            continue
        if kept:
            yield from _spread(kept, style)
        kept = char
    if kept:
        yield from _spread(kept, style)


def _spread(text: str, style: Style) -> Iterator[ShownCell]:
    yield ShownCell(text, style)
    if cell_len(text) == 2:
        yield ShownCell("", style)


def _differing(before: list[ShownCell], after: list[ShownCell]) -> Iterator[tuple[int, int]]:
    """The stretches to send. A row in which terminals may disagree about widths is sent whole, or not at all."""
    if before == after:
        return
    if not all((len(cell.text) == 1 and cell.text < "\u0300") or cell.text in _SURE for cell in (*before, *after)):
        yield 0, len(after)
        return
    start = end = -1
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if start < 0:
            start = at
        elif at - end > CHEAPER_THAN_MOVING:
            yield start, end
            start = at
        end = at + 1
    yield start, end


_SURE = frozenset("─│┆┼├└┌┐┘┤▶▸▾◆✗✓●○◐‖–‼»↻·…×→←↑↓▁▂▃▄▅▆▇█░▒▓▏▎▍▌▋▊▉―—’“”•\0")
"""Signs that every terminal draws in one cell."""


def _write(sent: list[str], cells: list[ShownCell], pen: Pen | None, colours: ColorSystem | None) -> Pen | None:
    """Append the cells, changing the pen as little as possible; returns the pen at the end."""
    for text, style in cells:
        if not text:
            continue
        wanted = pen_of(style, colours)
        if pen is None or (pen != wanted and not _same_on_blank(text, pen, wanted)):
            sent.append(_turned(pen, wanted))
            pen = wanted
        sent.append(text)
    return pen


def _same_on_blank(text: str, pen: Pen, wanted: Pen) -> bool:
    return text == " " and pen.paper == wanted.paper and not _shows_on_blanks(pen) and not _shows_on_blanks(wanted)


def _shows_on_blanks(pen: Pen) -> bool:
    return any(code in _ON_BLANKS for code in pen.attributes.split(";"))


def _turned(pen: Pen | None, wanted: Pen) -> str:
    """The codes that turn one pen into the other."""
    if pen is None or pen.attributes != wanted.attributes:
        return f"\x1b[{';'.join(('0', *(part for part in wanted if part)))}m"
    codes = [wanted.ink or "39"] if pen.ink != wanted.ink else []
    if pen.paper != wanted.paper:
        codes.append(wanted.paper or "49")
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(1024)
def pen_of(style: Style, colours: ColorSystem | None) -> Pen:
    """The codes of a style, in as many colours as the terminal has."""
    attributes = [code for flag, code in _attributes(style) if flag]
    if colours is None:
        return Pen(";".join(attributes), "", "")
    ink, paper = (
        ";".join(colour.downgrade(colours).get_ansi_codes(foreground=foreground)) if colour is not None else ""
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
    )
    return Pen(";".join(attributes), ink, paper)


def _attributes(style: Style) -> tuple[tuple[bool | None, str], ...]:
    return (
        (style.bold, "1"),
        (style.dim, "2"),
        (style.italic, "3"),
        (style.underline, "4"),
        (style.blink, "5"),
        (style.reverse, "7"),
        (style.strike, "9"),
    )
