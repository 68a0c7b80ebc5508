"""Makes untrusted text safe for a terminal, and measures, cuts and wraps it in cells without breaking the layout."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from onloop import text as core
from onloop.text import cells as cells
from onloop.text import fit as fit

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


def wrap(text: str, width: int) -> tuple[str, ...]:
    """All of `text` in lines of at most `width` columns, broken at spaces if possible."""
    if cells(text) <= width:
        return (text,)
    lines: list[str] = []
    line = ""
    for word in _words(text, max(1, width)):
        if cells(line) + cells(word.rstrip(" ")) > width and line:
            lines.append(line.rstrip(" "))
            line = ""
        line += word
    return (*lines, line.rstrip(" ")) if line.strip(" ") or not lines else tuple(lines)


def _words(text: str, width: int) -> Iterator[str]:
    """The words with their following spaces; a word wider than `width` is split."""
    for word in text.replace(" ", " \0").split("\0"):
        if cells(word.rstrip(" ")) <= width:
            yield word
            continue
        piece, taken = "", 0
        for char in word:
            if taken + cells(char) > width:
                yield piece
                piece, taken = "", 0
            piece, taken = piece + char, taken + cells(char)
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
