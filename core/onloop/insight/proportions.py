"""PURE: shares of what was counted, and differences of two shares, each with the interval in which it surely lies."""

from __future__ import annotations

import math
from collections.abc import Sequence

from onloop.records import Record

SURE_95 = 1.959963984540054
"""How far from the middle 95 per cent of a normal distribution lie, in standard deviations."""

MOST_WANTED = 1 << 16
"""More than so many on each side nobody counts to tell two shares apart."""


class Share(Record):
    """`hits` of `of`, and the interval in which the true share lies with 95 per cent of confidence.

    Where nothing was counted there is no share, and the interval says nothing: from 0 to 1.
    """

    hits: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """The share that was seen; None where nothing was counted."""
        return self.hits / self.of if self.of else None


class ShareDifference(Record):
    """The first share less the second, and the interval in which the true difference lies.

    With nothing counted on one side there is no difference, and the interval says nothing: from -1 to 1.
    """

    difference: float | None
    low: float
    high: float

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval leaves out that both are equal."""
        return self.low > 0 or self.high < 0


def wilson(hits: int, of: int, sure: float = SURE_95) -> Share:
    """The share with Wilson's score interval, which is right for small counts too, and never leaves 0 to 1."""
    if not 0 <= hits <= max(of, 0):
        raise ValueError(f"{hits} of {of} is no share")
    if of == 0:
        return Share(0, 0, 0.0, 1.0)
    low, high = _interval(hits / of, of, sure)
    return Share(hits, of, low, high)


def _interval(share: float, of: int, sure: float) -> tuple[float, float]:
    """Where the true share lies that was seen as `share` of so many; its ends are exact where all or none were seen."""
    square = sure * sure
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = sure * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return 0.0 if share == 0 else max(0.0, middle - half), 1.0 if share == 1 else min(1.0, middle + half)


def newcombe(first: Share, second: Share) -> ShareDifference:
    """The difference of two independent shares, by Newcombe's hybrid of their Wilson intervals (his method 10)."""
    if first.share is None or second.share is None:
        return ShareDifference(None, -1.0, 1.0)
    one, two = first.share, second.share
    low, high = _around((one, first.low, first.high), (two, second.low, second.high))
    return ShareDifference(one - two, low, high)


def _around(one: tuple[float, float, float], two: tuple[float, float, float]) -> tuple[float, float]:
    """The interval of a difference of two shares, each with the ends of its own."""
    below = math.hypot(one[0] - one[1], two[2] - two[0])
    above = math.hypot(one[2] - one[0], two[0] - two[1])
    return one[0] - two[0] - below, one[0] - two[0] + above


def averaged(differences: Sequence[ShareDifference]) -> ShareDifference:
    """The mean of independent differences, each with the same weight; its interval is made of theirs (MOVER).

    Those without a difference are left out.
    """
    known = [(each.difference, each.low, each.high) for each in differences if each.difference is not None]
    if not known:
        return ShareDifference(None, -1.0, 1.0)
    mean = sum(each for each, _, _ in known) / len(known)
    below = math.hypot(*(each - low for each, low, _ in known)) / len(known)
    above = math.hypot(*(high - each for each, _, high in known)) / len(known)
    return ShareDifference(mean, mean - below, mean + above)


def wanted_counts(first: Share, second: Share) -> int | None:
    """How many have to be counted on each side for these shares to be told apart; None for equal ones, or too many."""
    one, two = first.share, second.share
    if one is None or two is None or one == two:
        return None
    enough = 1
    while not _is_enough(one, two, enough):
        enough *= 2
        if enough > MOST_WANTED:
            return None
    least = enough // 2
    while enough - least > 1:
        middle = (enough + least) // 2
        least, enough = (least, middle) if _is_enough(one, two, middle) else (middle, enough)
    return enough


def _is_enough(one: float, two: float, of: int) -> bool:
    low, high = _around((one, *_interval(one, of, SURE_95)), (two, *_interval(two, of, SURE_95)))
    return low > 0 or high < 0
