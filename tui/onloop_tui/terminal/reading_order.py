"""Text that is read from right to left, where the terminal leaves its order to us: each piece within itself.

Most terminals put characters where they are told to, and some reorder whole lines, our columns and numbers with them.
Those of VTE do so unless they are told not to; we tell them, and turn what is Hebrew or Arabic ourselves.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

LOGICAL_ORDER, ITS_OWN_ORDER = "\x1b[8l", "\x1b[8h"
"""ECMA-48's bidirectional mode: who orders a line, we or the terminal."""
_RIGHT, _NUMBER, _MARK = {"R", "AL"}, {"EN", "AN"}, {"Mn", "Me"}
_WITHIN_NUMBERS = frozenset(".,:/-")


def leaves_order_to_us(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is one that would reorder lines, and can be told not to."""
    through = environment.get("TMUX") or environment.get("STY")
    return "VTE_VERSION" in environment and not through


class ReadingOrder(LineFilter):
    """A line filter: what of a line is read from right to left stands so, and nothing else moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """The same segments, each in its order of reading."""
        if all(segment.text.isascii() for segment in segments):
            return segments
        return [Segment(as_read(text), style, control) for text, style, control in segments]


@lru_cache(4096)
def as_read(text: str) -> str:
    """The characters in the order in which they stand on paper, from left to right."""
    if text.isascii():
        return text
    kinds = [unicodedata.bidirectional(char) for char in text]
    out, at = "", 0
    while at < len(text):
        if kinds[at] not in _RIGHT:
            out, at = out + text[at], at + 1
            continue
        end = _closed(text, at, _end_of_run(kinds, at))
        out, at = out + _turned_round(text[at:end]), end
    return out


def _end_of_run(kinds: list[str], at: int) -> int:
    """Behind the last letter, mark or number before a letter of the other direction comes."""
    end = at
    while at < len(kinds) and kinds[at] != "L":
        at += 1
        if kinds[at - 1] in _RIGHT or kinds[at - 1] in _NUMBER or (kinds[at - 1] == "NSM" and end == at - 1):
            end = at
    return end


def _closed(text: str, at: int, end: int) -> int:
    """The end, behind the bracket that closes the one that was opened within."""
    opened = sum((char in _OPENING) - (char in _CLOSING) for char in text[at:end])
    while opened > 0 and end < len(text) and text[end] in _CLOSING:
        opened, end = opened - 1, end + 1
    return end


def _turned_round(run: str) -> str:
    """A run from right to left: marks stay behind their letter, numbers keep their order, brackets open inwards."""
    pieces: list[str] = []
    for at, char in enumerate(run):
        if pieces and (unicodedata.category(char) in _MARK or _goes_on(run, at)):
            pieces[-1] += char
        else:
            pieces.append(_MIRRORED.get(char, char))
    return "".join(reversed(pieces))


def _goes_on(run: str, at: int) -> bool:
    """Whether a number that has begun before goes on here."""
    if not run[at - 1].isdigit() and run[at - 1] not in _WITHIN_NUMBERS:
        return False
    if run[at].isdigit():
        return run[at - 1].isdigit() or (at > 1 and run[at - 2].isdigit())
    return run[at] in _WITHIN_NUMBERS and run[at - 1].isdigit() and at + 1 < len(run) and run[at + 1].isdigit()


_OPENING, _CLOSING = "([{<«", ")]}>»"
_MIRRORED = dict(zip(_OPENING + _CLOSING, _CLOSING + _OPENING, strict=True))
