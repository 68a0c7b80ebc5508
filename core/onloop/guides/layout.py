"""Pieces of text with a style, laid out in columns, PURE: wrapped paragraphs and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

LEAST_COLUMN = 9
"""A table with narrower columns is written as a list."""
_GAP = "  "


class Style(StrEnum):
    """What a piece means; each renderer chooses an attribute or a colour for each style."""

    PLAIN = "plain"
    TITLE = "title"
    HEADING = "heading"
    STRONG = "strong"
    EMPHASIS = "emphasis"
    CODE = "code"
    DIM = "dim"


class Piece(NamedTuple):
    """A text in one style; guides use only characters of one column."""

    text: str
    style: Style = Style.PLAIN


StyledLine = tuple[Piece, ...]
Cell = tuple[Piece, ...]


def plain(line: StyledLine) -> str:
    """The line without its styles."""
    return "".join(piece.text for piece in line).rstrip()


def wrapped(pieces: Sequence[Piece], width: int, *, first: str = "", rest: str = "") -> list[StyledLine]:
    """The pieces broken at spaces into lines of at most `width`; a longer word is cut. `first` and `rest` indent."""
    room = max(4, width - max(len(first), len(rest)))
    rows: list[list[Piece]] = [[]]
    used = 0
    for word in _words(pieces, room):
        size = sum(len(piece.text) for piece in word)
        if rows[-1] and used + 1 + size > room:
            rows.append([])
            used = 0
        if rows[-1]:
            rows[-1].append(Piece(" ", _between(rows[-1][-1].style, word[0].style)))
            used += 1
        rows[-1] += word
        used += size
    indents = [first, *[rest] * (len(rows) - 1)]
    return [_joined((Piece(indent), *row)) for indent, row in zip(indents, rows, strict=True)]


def table_lines(rows: Sequence[Sequence[Cell]], width: int) -> list[StyledLine]:
    """A table whose first row is its header; the widest columns give way, and a table too narrow becomes a list."""
    count = len(rows[0])
    table = [[*row[:count], *[()] * (count - len(row))] for row in rows]
    widths = _widths(table, width)
    if widths is None:
        return list(_as_list(table, width))
    rule = Piece(_GAP.join("─" * size for size in widths), Style.DIM)
    head = [tuple(Piece(piece.text, Style.STRONG) for piece in cell) for cell in table[0]]
    return [*_row(head, widths), (rule,), *(line for row in table[1:] for line in _row(row, widths))]


def _words(pieces: Sequence[Piece], room: int) -> Iterator[list[Piece]]:
    """Words as the pieces that they are made of: `code`, with a comma after it, is one word."""
    word: list[Piece] = []
    for text, style in pieces:
        for number, part in enumerate(text.split(" ")):
            if number and word:
                yield word
                word = []
            if word and _length(tuple(word)) + len(part) > room:
                yield word
                word = []
            while len(part) > room:
                yield [*word, Piece(part[:room], style)]
                word, part = [], part[room:]
            word += [Piece(part, style)] if part else []
    if word:
        yield word


def _between(before: Style, after: Style) -> Style:
    return before if before is after else Style.PLAIN


def _joined(line: StyledLine) -> StyledLine:
    """The same line with neighbours of one style as one piece, and without empty ones."""
    joined: list[Piece] = []
    for piece in line:
        if joined and joined[-1].style is piece.style:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.style)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)


def _length(cell: Cell) -> int:
    return sum(len(piece.text) for piece in cell)


def _widths(table: Sequence[Sequence[Cell]], width: int) -> list[int] | None:
    """The columns' widths; None if they would be too narrow to read."""
    wanted = [max(1, *(_length(row[i]) for row in table)) for i in range(len(table[0]))]
    room = width - len(_GAP) * (len(wanted) - 1)
    while sum(wanted) > room:
        widest = max(range(len(wanted)), key=wanted.__getitem__)
        if wanted[widest] <= LEAST_COLUMN:
            return None
        wanted[widest] -= 1
    return wanted


def _row(row: Sequence[Cell], widths: Sequence[int]) -> Iterator[StyledLine]:
    columns = [wrapped(cell, size) for cell, size in zip(row, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=()):
        line: list[Piece] = []
        for number, (part, size) in enumerate(zip(parts, widths, strict=True)):
            line += [Piece(_GAP)] if number else []
            line += [*part, Piece(" " * (size - _length(part)))]
        yield _joined(tuple(line))


def _as_list(table: Sequence[Sequence[Cell]], width: int) -> Iterator[StyledLine]:
    names = [plain(cell) for cell in table[0]]
    for row in table[1:]:
        yield from wrapped(row[0], width, first="• ", rest="  ")
        for name, cell in zip(names[1:], row[1:], strict=True):
            if cell:
                label = f"{name}: " if name else ""
                yield from wrapped((Piece(label, Style.DIM), *cell), width, first="  ", rest="    ")
