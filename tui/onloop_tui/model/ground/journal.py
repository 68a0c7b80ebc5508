"""Which tasks changed at which place in the log, for whoever missed some of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain

MOST, KEPT = 16_384, 8_192
"""How many changes are remembered, and how many of them go on when there are more."""


class Journal:
    """Changes in the order of the log. It never changes: `after` gives the next, which shares what both have."""

    __slots__ = ("_length", "_seqs", "_tasks")

    def __init__(self, seqs: list[int] | None = None, tasks: list[tuple[str, ...]] | None = None) -> None:
        self._seqs = seqs if seqs is not None else []
        self._tasks = tasks if tasks is not None else []
        self._length = len(self._seqs)

    def after(self, seq: int, tasks: Iterable[str]) -> Journal:
        """The journal with what changed up to the event `seq`."""
        seqs, known = self._seqs, self._tasks
        if self._length < len(seqs):  # another went on from here
            seqs, known = seqs[: self._length], known[: self._length]
        if self._length >= MOST:
            seqs, known = seqs[-KEPT:], known[-KEPT:]
        seqs.append(seq)
        known.append(tuple(tasks))
        return Journal(seqs, known)

    def since(self, seq: int) -> frozenset[str] | None:
        """The tasks that changed after the event `seq`, after which it was written; None if it does not know."""
        if bisect_left(self._seqs, seq, hi=self._length) == (begin := bisect_right(self._seqs, seq, hi=self._length)):
            return None
        return frozenset(chain.from_iterable(self._tasks[begin : self._length]))

    @property
    def entries(self) -> Sequence[tuple[int, tuple[str, ...]]]:
        """Each place, and the tasks that changed there."""
        return list(zip(self._seqs[: self._length], self._tasks[: self._length], strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Journal) and self.entries == other.entries

    __hash__ = None  # type: ignore[assignment]  # it is compared, and never looked for
