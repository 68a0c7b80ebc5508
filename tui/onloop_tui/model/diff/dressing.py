"""A row of a patch as spans: its sign first, then its text in the tones of its language, its changed words marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from onloop_tui.model.diff.patch_row import PatchRow, RowKind
from onloop_tui.model.diff.word_marks import Mark
from onloop_tui.model.drawing.text_line import Line, Span, Tone

MOST_HITS = 50
"""The most places in one row at which what is searched for is marked."""


@dataclass(frozen=True, slots=True)
class Dressing:
    """What is known of a row's text beside what it says: the tones of its pieces, and which words changed."""

    pieces: tuple[tuple[int, int, Tone], ...] = ()
    marks: tuple[Mark, ...] = ()


PLAIN = Dressing()
_TONES: Mapping[RowKind, Tone] = {
    RowKind.HEADER: Tone.DIM,
    RowKind.HUNK: Tone.HEADING,
    RowKind.SAME: Tone.PLAIN,
    RowKind.ADDED: Tone.GOOD,
    RowKind.REMOVED: Tone.BAD,
    RowKind.NOTE: Tone.DIM,
}
_GROUNDS: Mapping[RowKind, Tone] = {RowKind.ADDED: Tone.ADDED, RowKind.REMOVED: Tone.REMOVED}
_WORDS: Mapping[RowKind, Tone] = {RowKind.ADDED: Tone.ADDED_WORD, RowKind.REMOVED: Tone.REMOVED_WORD}


def dressed(row: PatchRow, dressing: Dressing, searched: str = "") -> Line:
    """The row's text in spans that hold all of it, in order, and nothing else; `searched` is marked where it stands."""
    text, ground = row.text, _GROUNDS.get(row.kind)
    if row.kind is RowKind.HEADER and text.startswith("diff --git "):
        return (Span(text, Tone.STRONG),)
    tones: list[tuple[int, int, Tone]] = [(0, len(text), _TONES[row.kind]), *dressing.pieces]
    if row.kind in _WORDS:
        tones += [(start, end, _WORDS[row.kind]) for start, end in dressing.marks]
        tones.append((0, 1, _TONES[row.kind]))
    tones += [(start, end, Tone.FOUND) for start, end in hits(text, searched)]
    return tuple(Span(piece, tone, under=ground) for piece, tone in _cut(text, tones))


def _cut(text: str, tones: Sequence[tuple[int, int, Tone]]) -> Iterator[tuple[str, Tone]]:
    """The text in pieces of one tone; what comes later in `tones` lies above what came before."""
    edges = sorted({min(max(0, edge), len(text)) for start, end, _ in tones for edge in (start, end)})
    begun, last = 0, Tone.PLAIN
    for start, end in pairwise(edges):
        tone = next(tone for one, other, tone in reversed(tones) if one <= start and end <= other)
        if tone is not last:
            if start > begun:
                yield text[begun:start], last
            begun, last = start, tone
    if begun < len(text):
        yield text[begun:], last


def hits(text: str, searched: str) -> tuple[Mark, ...]:
    """Where in a row the searched text stands: in any case, unless it has a capital itself."""
    if not searched:
        return ()
    within = text if searched != searched.lower() else lowered(text)
    found: list[Mark] = []
    start = within.find(searched)
    while start >= 0 and len(found) < MOST_HITS:
        found.append((start, start + len(searched)))
        start = within.find(searched, start + len(searched))
    return tuple(found)


def lowered(text: str) -> str:
    """The text in small letters, each where it was: what would become longer stays as it is."""
    small = text.lower()
    return (
        small if len(small) == len(text) else "".join(low if len(low := char.lower()) == 1 else char for char in text)
    )
