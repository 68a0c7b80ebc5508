"""Makes untrusted text safe for a terminal, and measures, cuts and wraps it in cells without breaking the layout."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

from onloop import text as core

MOST_MARKS = 2
"""The combining marks allowed on one character. Real scripts need no more, and a tall pile would cover other rows."""


def safe(text: str, limit: int | None = None) -> str:
    """One line without control sequences or piles of marks; cut to `limit` characters with `…`."""
    whole = limit is None or len(text) <= limit
    shown = core.safe(text if whole else text[:limit])
    if not shown.isascii():
        shown = "".join(_calm(shown))
    if limit is not None and (not whole or len(shown) > limit):
        return shown[: max(0, limit - 1)] + "…"
    return shown


def is_safe(text: str) -> bool:
    """Whether `text` contains nothing that a terminal obeys or hides."""
    return (text.isascii() and text.isprintable()) or not any(core.is_hidden(char) for char in text)


def cells(text: str) -> int:
    """The number of columns of `text`."""
    return cell_len(text)


def fit(text: str, width: int) -> str:
    """`text` cut to `width` columns; `…` marks a cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip(" ") + "…" if width > 1 else "…"[: max(0, width)]


def wrap(text: str, width: int) -> tuple[str, ...]:
    """All of `text` in lines of at most `width` columns, broken at spaces if possible."""
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
    """The words with their following spaces; a word wider than `width` is split."""
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
    """The characters of `text`. A mark without a character gets `◌` as its base, and excess marks become a count."""
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
