"""Markdown as lines of styled pieces, PURE: headings, paragraphs, lists, tables and code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from onloop.guides.layout import Piece, Style, StyledLine, table_lines, wrapped

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_HEADING = re.compile(r"(#{1,4}) +(.*)")
_ITEM = re.compile(r"( *)([-*]|\d+\.) +(.*)")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*|!?\[(?P<words>[^\]]*)\]\((?P<link>[^)\s]+)\)"
)
_CELL_END = re.compile(r"(?<!\\)\|")
DRAWING = "(a Mermaid drawing; the table below says the same)"


def lines_of(markdown: str, width: int, *, marked: bool = False) -> tuple[StyledLine, ...]:
    """The text as lines of at most `width` columns; two blocks have one empty line between them.

    `marked` keeps the signs of headings and of code, for output without styles.
    """
    lines: list[StyledLine] = []
    for block in _MarkdownReader(max(20, width), marked).blocks(_COMMENT.sub("", markdown).splitlines()):
        lines += [(), *block] if lines else block
    return tuple(lines)


class _MarkdownReader(NamedTuple):
    """Reads blocks: how wide, and whether signs are kept."""

    width: int
    marked: bool

    def blocks(self, rows: Sequence[str]) -> Iterator[list[StyledLine]]:
        """The blocks of the text, each as its lines."""
        start = 0
        while start < len(rows):
            row = rows[start]
            end = start + 1
            if row.startswith("```"):
                end = _while(rows, start, lambda each: not each.startswith("```"))
                yield _code(rows[start + 1 : end], row.removeprefix("```"), self.width)
                end += 1
            elif heading := _HEADING.match(row):
                yield self.heading(len(heading[1]), heading[2])
            elif row.startswith("|"):
                end = _while(rows, start, lambda each: each.startswith("|"))
                yield table_lines([self.cells(each) for each in (row, *rows[start + 2 : end])], self.width)
            elif _ITEM.match(row):
                end = _while(rows, start, lambda each: bool(each.strip()) and not each.startswith(("```", "|", "#")))
                yield list(self.items(rows[start:end]))
            elif row.strip():
                end = _while(rows, start, lambda each: bool(each.strip()) and not _begins_block(each))
                yield wrapped(self.inline(" ".join(each.strip() for each in rows[start:end])), self.width)
            start = end

    def heading(self, level: int, words: str) -> list[StyledLine]:
        """A title, or a heading below it."""
        sign = f"{'#' * level} " if self.marked else ""
        return wrapped(self.inline(sign + words, Style.TITLE if level == 1 else Style.HEADING), self.width)

    def items(self, rows: Sequence[str]) -> Iterator[StyledLine]:
        """The items of a list; a row without a mark goes on with the item before it."""
        items: list[tuple[str, str]] = []
        for row in rows:
            if match := _ITEM.match(row):
                mark = match[2] if match[2][0].isdigit() else "•"
                items.append((f"{match[1]}{mark} ", match[3]))
            else:
                first, text = items[-1]
                items[-1] = (first, f"{text} {row.strip()}")
        for first, text in items:
            yield from wrapped(self.inline(text), self.width, first=first, rest=" " * len(first))

    def cells(self, row: str) -> list[tuple[Piece, ...]]:
        """The cells of a row of a table."""
        inner = row.strip().removeprefix("|").removesuffix("|")
        return [self.inline(cell.strip().replace("\\|", "|")) for cell in _CELL_END.split(inner)]

    def inline(self, text: str, style: Style = Style.PLAIN) -> tuple[Piece, ...]:
        """The pieces of one paragraph; a link to another guide says how to read it."""
        pieces: list[Piece] = []
        after = 0
        for match in _INLINE.finditer(text):
            pieces += [Piece(text[after : match.start()], style)] if match.start() > after else []
            pieces += self.piece(match, style)
            after = match.end()
        return (*pieces, Piece(text[after:], style)) if after < len(text) else tuple(pieces)

    def piece(self, match: re.Match[str], style: Style) -> tuple[Piece, ...]:
        """The pieces for one inline element of Markdown."""
        if code := match["code"]:
            return (Piece(f"`{code}`" if self.marked else code, Style.CODE),)
        if strong := match["strong"]:
            return self.inline(strong, Style.STRONG)
        if emphasis := match["emphasis"]:
            return self.inline(emphasis, Style.EMPHASIS)
        return (*self.inline(match["words"], style), Piece(_where(match["link"]), Style.DIM))


def _where(link: str) -> str:
    page, _, _ = link.partition("#")
    if page.endswith(".md") and "/" not in page:
        return f" (onloop help {page.removesuffix('.md')})"
    return f" ({link})" if "://" in link else ""


def _begins_block(row: str) -> bool:
    return row.startswith(("```", "|")) or bool(_HEADING.match(row)) or bool(_ITEM.match(row))


def _while(rows: Sequence[str], start: int, belongs: Callable[[str], bool]) -> int:
    """Where the rows after `start` that belong to its block end."""
    return next((i for i in range(start + 1, len(rows)) if not belongs(rows[i])), len(rows))


def _code(rows: Sequence[str], language: str, width: int) -> list[StyledLine]:
    if language == "mermaid":
        return wrapped((Piece(DRAWING, Style.DIM),), width)
    lines: list[StyledLine] = []
    for row in rows:
        room = width - 4 if len(row) <= width - 4 else width - 6
        lines += [
            (Piece("    " if start == 0 else "      "), Piece(row[start : start + room], Style.CODE))
            for start in range(0, max(1, len(row)), room)
        ]
    return lines
