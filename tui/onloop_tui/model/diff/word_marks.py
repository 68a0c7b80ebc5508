"""Which words of a changed line changed: found by comparing what was removed with what was added in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Mark = tuple[int, int]
"""Where in a row something begins, and where it ends."""

LONGEST_ROW = 300
MOST_WORDS = 120
MOST_RUN = 60
"""Beyond these a row, its words and a run of rows are not compared."""
_ALIKE = 0.4
"""Lines that have less than this in common are different lines, and nothing of them is marked."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def word_marks(rows: Sequence[str]) -> tuple[tuple[Mark, ...], ...]:
    """The marks of each row of a patch; rows begin with their sign."""
    marks: list[tuple[Mark, ...]] = [()] * len(rows)
    for removed, added in _runs(rows):
        if max(len(removed), len(added)) <= MOST_RUN:
            for old, new in zip(removed, added, strict=False):
                marks[old], marks[new] = changed_words(rows[old], rows[new])
    return tuple(marks)


def _runs(rows: Sequence[str]) -> Iterator[tuple[list[int], list[int]]]:
    removed: list[int] = []
    added: list[int] = []
    for at, row in enumerate((*rows, " ")):
        sign = row[:1]
        if sign != "+" and added:
            yield removed, added
            removed, added = [], []
        if sign == "-":
            removed.append(at)
        elif sign == "+" and removed:
            added.append(at)
        else:
            removed = []


def changed_words(old: str, new: str) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """What differs between two rows, in each of them; nothing where they are too long or have too little in common."""
    if max(len(old), len(new)) > LONGEST_ROW:
        return (), ()
    before, after = _WORDS.findall(old[1:]), _WORDS.findall(new[1:])
    if max(len(before), len(after)) > MOST_WORDS:
        return (), ()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (), ()
    different = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return (
        _joined(before, [(one, other) for _, one, other, _, _ in different]),
        _joined(after, [(one, other) for _, _, _, one, other in different]),
    )


def _joined(words: Sequence[str], ranges: Sequence[tuple[int, int]]) -> tuple[Mark, ...]:
    starts = [1]
    for word in words:
        starts.append(starts[-1] + len(word))
    return tuple((starts[one], starts[other]) for one, other in ranges if one < other)
