"""Untrusted text in a row of fixed width: safe, counted in cells, cut and wrapped without breaking the layout."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

from onloop import text as core

MOST_MARKS = 2
"""How many combining marks one character may carry; real scripts need no more, a pile of them climbs over its row."""


def safe(text: str, limit: int | None = None) -> str:
    """One line that a terminal obeys nothing of and that no mark climbs out of; cut to `limit` characters with `…`."""
    whole = limit is None or len(text) <= limit
    shown = core.safe(text if whole else text[:limit])
    if not shown.isascii():
        shown = "".join(_calm(shown))
    if limit is not None and (not whole or len(shown) > limit):
        return shown[: max(0, limit - 1)] + "…"
    return shown


def is_safe(text: str) -> bool:
    """Whether a terminal would obey nothing in `text`, and see all of it."""
    return (text.isascii() and text.isprintable()) or not any(core.is_hidden(char) for char in text)


def cells(text: str) -> int:
    """How many columns `text` takes."""
    return cell_len(text)


def fit(text: str, width: int) -> str:
    """`text` cut to `width` columns, with `…` where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip(" ") + "…" if width > 1 else "…"[: max(0, width)]


def wrap(text: str, width: int) -> tuple[str, ...]:
    """Lines of at most `width` columns that hold all of `text`, broken at spaces where there are any."""
    if cell_len(text) <= width:
        return (text,)
    lines: list[str] = []
    line = ""
    for word in _words(text, max(1, width)):
        if cell_len(line) + cell_len(word.rstrip(" ")) > width and line:
            lines.append(line.rstrip(" "))
            line = ""
        line += word
    return (*lines, line.rstrip(" ")) if line.strip(" ") or not lines else tuple(lines)


def _words(text: str, width: int) -> Iterator[str]:
    """Words with the spaces that follow them, those wider than `width` in pieces."""
    for word in text.replace(" ", " \0").split("\0"):
        if cell_len(word.rstrip(" ")) <= width:
            yield word
            continue
        piece, taken = "", 0
        for char in word:
            if taken + cell_len(char) > width:
                yield piece
                piece, taken = "", 0
            piece, taken = piece + char, taken + cell_len(char)
        yield piece


def _calm(text: str) -> Iterator[str]:
    """The characters of `text`; a mark without a character gets `◌` to stand on, and a pile of marks is counted."""
    marks, bare = 0, True
    for char in text:
        if unicodedata.category(char) not in {"Mn", "Me"}:
            yield from _counted(marks)
            marks, bare = 0, False
            yield char
            continue
        if bare:
            yield "◌"
            bare = False
        marks += 1
        if marks <= MOST_MARKS:
            yield char
    yield from _counted(marks)


def _counted(marks: int) -> Iterator[str]:
    if marks > MOST_MARKS:
        yield f"‹+{marks - MOST_MARKS} marks›"
