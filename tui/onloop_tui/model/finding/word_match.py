"""Typed words against texts: every word must occur, and where none occurs whole, its letters must, in order."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 200
"""The most characters that are looked for."""


class WordMatch:
    """Narrows a fixed list of casefolded texts while somebody types; a longer text only looks at what was left."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._typed = ""
        self._left: Sequence[int] = range(len(texts))
        self._is_loose = False

    def places(self, typed: str) -> Sequence[int]:
        """The places in the list of the texts that fit, in the order of the list."""
        wanted = " ".join(typed.casefold().split())[:LONGEST]
        if wanted == self._typed:
            return self._left
        narrower = wanted.startswith(self._typed) and not self._is_loose
        asked = self._left if narrower else range(len(self._texts))
        words, texts = wanted.split(), self._texts
        found = [at for at in asked if _holds(texts[at], words)]
        self._is_loose = not found and bool(words)
        if self._is_loose:
            found = [at for at in range(len(texts)) if all(_in_order(texts[at], word) for word in words)]
        self._typed, self._left = wanted, found
        return found


def _holds(text: str, words: Sequence[str]) -> bool:
    for word in words:  # noqa: SIM110 - runs for every text at every letter, and all() takes twice as long
        if word not in text:
            return False
    return True


def _in_order(text: str, word: str) -> bool:
    at = -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True


def fitting_places(texts: Sequence[str], typed: str) -> list[int]:
    """The places of the casefolded texts in which every typed word occurs; it remembers nothing."""
    words = typed.casefold()[:LONGEST].split()
    return [at for at, text in enumerate(texts) if _holds(text, words)] if words else []
