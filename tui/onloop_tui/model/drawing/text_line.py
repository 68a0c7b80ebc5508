"""Lines to draw: spans of text with a tone. A span never contains anything that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from onloop_tui.model.drawing.terminal_text import cells, fit, safe, wrap


class Tone(StrEnum):
    """The emphasis of a span. A shape or a word always accompanies it, so that colour alone never carries meaning."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    HEADING = "heading"
    TAB = "tab"
    ACCENT = "accent"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    UNTRUSTED = "untrusted"
    KEYWORD = "keyword"
    STRING = "string"
    COMMENT = "comment"
    NUMBER = "number"
    NAMED = "named"
    ADDED = "added"
    REMOVED = "removed"
    ADDED_WORD = "added-word"
    REMOVED_WORD = "removed-word"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line; its text is made safe to show. A click on it presses the key `press`, if one is named.

    `under` is a tone whose background it stands on.
    """

    text: str
    tone: Tone = Tone.PLAIN
    press: str = ""
    under: Tone | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", safe(self.text))


Line = tuple[Span, ...]

GUTTER = Span("┆ ", Tone.DIM)
"""Precedes every line of foreign text, so that it cannot be mistaken for ours."""


def line(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """A line of one span."""
    return (Span(text, tone),)


def heading(title: str, width: int) -> Line:
    """A title followed by a rule, `width` columns wide."""
    return (Span(f"── {title} {'─' * max(0, width - cells(safe(title)) - 4)}"[:width], Tone.HEADING),)


def plain(shown: Line) -> str:
    """The line without its tones."""
    return "".join(span.text for span in shown)


def width_of(shown: Line) -> int:
    """The number of columns of the line."""
    return sum(cells(span.text) for span in shown)


def pressed_at(shown: Line, x: int) -> str:
    """The key that a click on this column presses; empty if none."""
    for span in shown:
        if x < cells(span.text):
            return span.press if x >= 0 else ""
        x -= cells(span.text)
    return ""


def fitted(shown: Line, width: int) -> Line:
    """The line cut to `width` columns; `…` marks a cut."""
    if width_of(shown) <= width:
        return shown
    kept: list[Span] = []
    room = width
    for span in shown:
        if cells(span.text) >= room:
            return (*kept, replace(span, text=fit(f"{span.text} ", room)))
        kept.append(span)
        room -= cells(span.text)
    return tuple(kept)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` columns; `left` is cut if there is not enough room."""
    room = max(0, width - width_of(right) - 1)
    cut = fitted(left, room)
    return (*cut, Span(" " * (width - width_of(cut) - width_of(right))), *right)


_PER_COLUMN = 8
"""The characters of a text that are examined per column, so that a huge title does not cost its length."""


def column(text: str, width: int, tone: Tone = Tone.PLAIN) -> Span:
    """A span of exactly `width` columns."""
    cut = fit(safe(text, _PER_COLUMN * width), width)
    return Span(cut + " " * (width - cells(cut)), tone)


def hanging(first: Line, text: str, width: int, tone: Tone = Tone.PLAIN) -> tuple[Line, ...]:
    """All of `text` after `first`, wrapped to `width` columns with a hanging indent."""
    indent = width_of(first)
    pieces = wrap(safe(text), max(10, width - indent))
    rest = Span(" " * indent)
    return tuple(
        ((*first, Span(piece, tone)) if i == 0 else (rest, Span(piece, tone))) for i, piece in enumerate(pieces)
    )


def quoted(text: str, width: int, tone: Tone = Tone.UNTRUSTED, most: int | None = None) -> tuple[Line, ...]:
    """Foreign text, line by line behind the gutter, all of it; after `most` lines the rest is counted."""
    room = max(10, width - cells(GUTTER.text))
    lines: list[Line] = []
    rows = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    for number, row in enumerate(rows):
        if most is not None and len(lines) >= most:
            return (*lines[:most], line(f"… {len(rows) - number} more lines", Tone.DIM))
        lines += [(GUTTER, Span(piece, tone)) for piece in wrap(safe(row), room)]
    return tuple(lines)


def flowed(pieces: Iterable[Line], width: int, most: int) -> tuple[Line, ...]:
    """Pieces joined by ` · `, in at most `most` lines of `width` columns."""
    lines: list[Line] = []
    for piece in pieces:
        longer = (*lines[-1], Span(" · ", Tone.DIM), *piece) if lines else piece
        if lines and (width_of(longer) <= width or len(lines) == most):
            lines[-1] = fitted(longer, width)
        else:
            lines.append(fitted(piece, width))
    return tuple(lines)
