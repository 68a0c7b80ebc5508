"""Text from agents, repositories and files, made safe to show: control characters become visible ones."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_NO_CELLS = frozenset({"Mn", "Me", "Mc"})
_JOINED = frozenset((*range(0x1160, 0x1200), *range(0xD7B0, 0xD800), *range(0x1F3FB, 0x1F400)))
"""Vowels and ends of Hangul syllables, and tones of skin: they are drawn in what is before them."""
_WIDER_SINCE = frozenset(
    char
    for first, last in ((0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D356), (0x1D360, 0x1D376))
    for char in range(first, last + 1)
)
"""What Unicode 16 made wide: tables of older Pythons do not know it."""
_SUSPECT = re.compile(r"[^\x20-\x7e]")
_SUSPECT_WITHIN = re.compile(r"[^\x20-\x7e\n]")
_SUSPECT_TYPED = re.compile(r"[^\x20-\x7e\n\t]")


def safe(text: str, limit: int | None = None) -> str:
    """One line: line ends become ⏎, tabs spaces, and invisible or control characters become a picture or ‹U+202E›."""
    shown = text if text.isascii() and text.isprintable() else _SUSPECT.sub(_shown, text)
    if limit is not None and len(shown) > limit:
        return (shown[: max(0, limit - 1)] + "…")[:limit]
    return shown


def safe_lines(text: str, limit: int = 100_000) -> str:
    """Many lines: like `safe`, but keeps line ends and says how much was cut."""
    lines = _SUSPECT_WITHIN.sub(_shown, text[:limit].replace("\r\n", "\n"))
    return lines if len(text) <= limit else f"{lines}\n… {len(text) - limit} characters more"


def typed_lines(text: str) -> tuple[str, int]:
    """What a person hands in, as lines, and how many of its characters had to become visible ones.

    Line ends and tabs stay; the rest is as `safe` makes it, so that nobody passes on what they cannot see.
    """
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    made = [(char, _SUSPECT_TYPED.sub(_shown, char)) for char in _SUSPECT_TYPED.findall(ends)]
    return _SUSPECT_TYPED.sub(_shown, ends), sum(before != after for before, after in made)


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char == "\n":
        return "⏎"
    if char == "\t":
        return "    "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if is_hidden(char):
        return f"‹U+{code:04X}›"
    return char


def is_hidden(char: str) -> bool:
    """Whether a character is invisible, unassigned or reorders text: controls, bidi, zero-width, tags, selectors."""
    code = ord(char)
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F
    return selector or char in _FILLERS or unicodedata.category(char) in _HIDDEN


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes: East Asian letters and emoji take two, marks none."""
    return len(text) if text.isascii() else _cells(text)


def fit(text: str, width: int) -> str:
    """`text` cut to `width` columns; `…` marks a cut."""
    if cells(text) <= width:
        return text
    if width < 2:
        return "…"[: max(0, width)]
    end, used = 0, 0
    while (used := used + _cells_of(text[end])) < width:
        end += 1
    return text[:end].rstrip(" ") + "…"


def padded(text: str, width: int) -> str:
    """`text` with spaces behind it, up to `width` columns."""
    return text + " " * (width - cells(text))


@lru_cache(4096)
def _cells(text: str) -> int:
    return sum(map(_cells_of, text))


@lru_cache(4096)
def _cells_of(char: str) -> int:
    code = ord(char)
    if unicodedata.category(char) in _NO_CELLS or code in _JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} or code in _WIDER_SINCE else 1
