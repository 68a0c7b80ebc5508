"""Text from agents, repositories and files, made safe to show: control characters become visible ones."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
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
