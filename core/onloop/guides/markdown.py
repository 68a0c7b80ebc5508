"""Markdown as lines for a terminal, PURE: headings, paragraphs, lists, tables and code; what draws them is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from onloop.guides.layout import Line, Piece, Style, table_lines, wrapped

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_HEADING = re.compile(r"(#{1,4}) +(.*)")
_ITEM = re.compile(r"( *)([-*]|\d+\.) +(.*)")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*|!?\[(?P<words>[^\]]*)\]\((?P<link>[^)\s]+)\)"
)
_CELL_END = re.compile(r"(?<!\\)\|")
DRAWING = "(a drawing for pages that draw Mermaid; the table below says the same)"


def lines_of(markdown: str, width: int) -> tuple[Line, ...]:
    """The text as lines of at most `width` columns; two blocks have one empty line between them."""
    lines: list[Line] = []
    for block in _blocks(_COMMENT.sub("", markdown).splitlines(), max(20, width)):
        lines += [(), *block] if lines else block
    return tuple(lines)


def inline(text: str, style: Style = Style.PLAIN) -> tuple[Piece, ...]:
    """The pieces of one paragraph; a link to another guide says how to read it."""
    pieces: list[Piece] = []
    after = 0
    for match in _INLINE.finditer(text):
        pieces += [Piece(text[after : match.start()], style)] if match.start() > after else []
        pieces += _piece(match, style)
        after = match.end()
    return (*pieces, Piece(text[after:], style)) if after < len(text) else tuple(pieces)


def _piece(match: re.Match[str], style: Style) -> tuple[Piece, ...]:
    if code := match["code"]:
        return (Piece(code, Style.CODE),)
    if strong := match["strong"]:
        return inline(strong, Style.STRONG)
    if emphasis := match["emphasis"]:
        return inline(emphasis, Style.EMPHASIS)
    return (*inline(match["words"], style), Piece(_where(match["link"]), Style.DIM))


def _where(link: str) -> str:
    page, _, _ = link.partition("#")
    if page.endswith(".md") and "/" not in page:
        return f" (onloop help {page.removesuffix('.md')})"
    return f" ({link})" if "://" in link else ""


def _blocks(rows: Sequence[str], width: int) -> Iterator[list[Line]]:
    """The blocks of the text, each as its lines."""
    at = 0
    while at < len(rows):
        row = rows[at]
        end = at + 1
        if row.startswith("```"):
            end = next((i for i in range(at + 1, len(rows)) if rows[i].startswith("```")), len(rows))
            yield _code(rows[at + 1 : end], row.removeprefix("```"), width)
            end += 1
        elif heading := _HEADING.match(row):
            yield wrapped(inline(heading[2], Style.TITLE if len(heading[1]) == 1 else Style.HEADING), width)
        elif row.startswith("|"):
            end = _while(rows, at, lambda each: each.startswith("|"))
            yield table_lines([_cells(each) for each in (rows[at], *rows[at + 2 : end])], width)
        elif _ITEM.match(row):
            end = _while(rows, at, lambda each: bool(each.strip()) and not each.startswith(("```", "|", "#")))
            yield list(_items(rows[at:end], width))
        elif row.strip():
            end = _while(rows, at, lambda each: bool(each.strip()) and not _begins_block(each))
            yield wrapped(inline(" ".join(each.strip() for each in rows[at:end])), width)
        at = end


def _begins_block(row: str) -> bool:
    return row.startswith(("```", "|")) or bool(_HEADING.match(row)) or bool(_ITEM.match(row))


def _while(rows: Sequence[str], start: int, belongs: Callable[[str], bool]) -> int:
    """Where the rows after `start` that belong to its block end."""
    return next((i for i in range(start + 1, len(rows)) if not belongs(rows[i])), len(rows))


def _code(rows: Sequence[str], language: str, width: int) -> list[Line]:
    if language == "mermaid":
        return wrapped((Piece(DRAWING, Style.DIM),), width)
    room = max(10, width - 4)
    return [
        (Piece("    " if start == 0 else "      "), Piece(row[start : start + room], Style.CODE))
        for row in rows
        for start in range(0, max(1, len(row)), room)
    ]


def _items(rows: Sequence[str], width: int) -> Iterator[Line]:
    """The items of a list; a row without a mark goes on with the item before it."""
    items: list[tuple[str, str, str]] = []
    for row in rows:
        if match := _ITEM.match(row):
            items.append((match[1], match[2] if match[2][0].isdigit() else "•", match[3]))
        else:
            indent, mark, text = items[-1]
            items[-1] = (indent, mark, f"{text} {row.strip()}")
    for indent, mark, text in items:
        first = f"{indent}{mark} "
        yield from wrapped(inline(text), width, first=first, rest=" " * len(first))


def _cells(row: str) -> list[tuple[Piece, ...]]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return [inline(cell.strip().replace("\\|", "|")) for cell in _CELL_END.split(inner)]
