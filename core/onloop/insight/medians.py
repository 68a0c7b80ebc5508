"""PURE: medians of few figures and their differences, each with an interval that no distribution has to be guessed for.

Both intervals are exact for figures that differ, and at least as sure where some are equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from onloop.records import Record

SURE = 0.95
MOST_EXACT = 60
"""Up to how many figures on each side the difference is counted exactly; beyond, by a normal distribution."""

_SURE_95 = 1.959963984540054


class Median(Record):
    """The median of `count` figures, and the interval in which the true one lies with the chance `sure`.

    The interval is between two of the figures. Of few of them even the widest is less sure than 95 per cent: `sure`
    says how much. Where nothing was seen, there is none.
    """

    median: float | None = None
    low: float | None = None
    high: float | None = None
    sure: float = 0.0
    count: int = 0


class MedianDifference(Record):
    """By how much the first figures exceed the second (Hodges and Lehmann), and the interval in which that surely lies.

    The interval is None where there are too few figures for one that is sure enough.
    """

    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval leaves out that both are equal."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def median_of(figures: Sequence[float]) -> Median:
    """The median, with the narrowest interval of two ordered figures that is sure enough, else with the widest."""
    ordered, count = sorted(figures), len(figures)
    if not count:
        return Median()
    rank = max((rank for rank in range(1, count // 2 + 1) if _coverage(count, rank) >= SURE), default=1)
    return Median(_middle(ordered), ordered[rank - 1], ordered[count - rank], max(0.0, _coverage(count, rank)), count)


def difference_of(first: Sequence[float], second: Sequence[float]) -> MedianDifference:
    """The median of all differences, with the interval that the rank test of Mann and Whitney does not refuse."""
    if not first or not second:
        return MedianDifference()
    every = sorted(one - two for one in first for two in second)
    outside = _outside(len(first), len(second))
    if outside is None:
        return MedianDifference(_middle(every))
    return MedianDifference(_middle(every), every[outside], every[len(every) - 1 - outside])


def _middle(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _coverage(count: int, rank: int) -> float:
    """How often the true median lies between the figure of that rank from below and the one from above."""
    return 1 - sum(math.comb(count, below) for below in range(rank)) / float(1 << (count - 1))


def _outside(first: int, second: int) -> int | None:
    """How many of the ordered differences are left out at each end; None where even all of them are not sure enough."""
    if max(first, second) > MOST_EXACT:
        spread = math.sqrt(first * second * (first + second + 1) / 12)
        return max(0, math.floor(first * second / 2 - _SURE_95 * spread))
    counts, every = _ways(first, second), math.comb(first + second, first)
    below, outside = 0, -1
    for statistic, ways in enumerate(counts):
        below += ways
        if 2 * below > (1 - SURE) * every:
            break
        outside = statistic
    return None if outside < 0 else outside


def _ways(first: int, second: int) -> list[int]:
    """In how many orders of all figures each value of Mann and Whitney's statistic comes about.

    They are the coefficients of a Gaussian binomial: the product of (1 - x^(second + i)) / (1 - x^i).
    """
    size = first * second + 1
    counts = [1] + [0] * (size - 1)
    for each in range(1, first + 1):
        for place in range(size - 1, second + each - 1, -1):
            counts[place] -= counts[place - second - each]
        for place in range(each, size):
            counts[place] += counts[place - each]
    return counts
