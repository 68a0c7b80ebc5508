"""Drawn lines as lines to be read aloud: what is only drawn is left out, and foreign text is named as such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onloop.views.work_warnings import SHAPE
from onloop_tui.model.drawing.text_line import GUTTER, Line, Tone, plain

ROOM = 400
"""The columns that lines are made for: the terminal wraps them, and whoever reads them aloud joins none."""
_SHAPES = frozenset(f"◆●○◐✗✓‼?–‖+!»↻╌□◔~▶▸▾→·{SHAPE}")
_QUOTED = "quoted: "
VERBATIM = ("diff", "files")
"""What the titles of parts begin with in which every sign counts."""
_COLUMN = re.compile(r"(?<=\S) {2,}(?:→ *)?| *→ +")
_DOT = re.compile(r" +· +")


@dataclass(frozen=True, slots=True)
class SpokenPart:
    """A part of a sheet under its title; the first has none."""

    title: str
    lines: tuple[str, ...]


def spoken(lines: Iterable[Line]) -> Iterator[str]:
    """The lines that say something. A shape before a word is left out, and quoted text says that it is quoted."""
    for shown in lines:
        words = _words(shown)
        if words:
            yield words


def parts_of(lines: Iterable[Line]) -> tuple[SpokenPart, ...]:
    """A sheet in parts, as its headings divide it. What a commit changes is said letter for letter."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for shown in lines:
        title = parts[-1][0]
        if shown and shown[0].tone is Tone.HEADING:
            parts.append((plain(shown).strip(" ─"), []))
        elif words := (plain(shown) if title.startswith(VERBATIM) else _words(shown)):
            parts[-1][1].append(words)
    return tuple(SpokenPart(title, tuple(said)) for title, said in parts)


def _words(shown: Line) -> str:
    if shown and shown[0] == GUTTER:
        return f"{_QUOTED}{plain(shown[1:])}"
    words = "".join(span.text if span.tone is Tone.UNTRUSTED else _unadorned(span.text) for span in shown).strip()
    if shown and shown[0].tone is Tone.HEADING:
        return words.strip(" ─")
    shape, _, rest = words.partition(" ")
    return rest.lstrip(" :") if shape in _SHAPES and rest else words.lstrip(": ")


def _unadorned(text: str) -> str:
    """Our own words without what only the eye needs: columns and arrows become colons, and dots commas."""
    return _DOT.sub(", ", _COLUMN.sub(": ", text))
