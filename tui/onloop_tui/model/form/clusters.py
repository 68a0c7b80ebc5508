"""Where a character ends for the person who typed it: its marks, a family of emoji and a flag are one."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_SKIN = range(0x1F3FB, 0x1F400)
_FLAG = range(0x1F1E6, 0x1F200)
_HANGUL_ENDS = range(0x1160, 0x1200)


def cluster_before(text: str, at: int) -> int:
    """Where the character that ends at `at` begins."""
    place = max(0, at - 1)
    while place > 0 and not _is_between(text, place):
        place -= 1
    return place


def cluster_after(text: str, at: int) -> int:
    """Where the character that begins at `at` ends."""
    place = min(len(text), at + 1)
    while place < len(text) and not _is_between(text, place):
        place += 1
    return place


def _is_between(text: str, at: int) -> bool:
    """Whether one character ends and another begins there."""
    char, code = text[at], ord(text[at])
    if char == _JOINER or text[at - 1] == _JOINER or unicodedata.category(char) in {"Mn", "Me", "Mc"}:
        return False
    if code in _SKIN or code in _HANGUL_ENDS:
        return False
    return not (code in _FLAG and _flags_before(text, at) % 2)


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and ord(text[at - 1 - count]) in _FLAG:
        count += 1
    return count
