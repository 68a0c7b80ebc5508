"""PURE: shares of what was counted, and differences of two shares, each with the interval in which it surely lies."""

from __future__ import annotations

import math

from onloop.records import Record

SURE_95 = 1.959963984540054
"""How far from the middle 95 per cent of a normal distribution lie, in standard deviations."""


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
    share, square = hits / of, sure * sure
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = sure * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Share(hits, of, low, high)


def newcombe(first: Share, second: Share) -> ShareDifference:
    """The difference of two independent shares, by Newcombe's hybrid of their Wilson intervals (his method 10)."""
    if first.share is None or second.share is None:
        return ShareDifference(None, -1.0, 1.0)
    one, two = first.share, second.share
    low = math.hypot(one - first.low, second.high - two)
    high = math.hypot(first.high - one, two - second.low)
    return ShareDifference(one - two, one - two - low, one - two + high)
