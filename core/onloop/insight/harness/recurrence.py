"""PURE: whether something comes back less often than before, and how sure that is."""

from __future__ import annotations

import math
from enum import StrEnum

from onloop.records import Record

_SURE = 1.959964
"""Between minus this and this, in standard deviations, lie 95 per cent of a normal distribution."""

LEAST_SEEN = 20
"""Of fewer on either side nothing is said."""
WORTH = 0.20
"""A lesson is worth its place if recurrence may be lower by this share; with less in sight, it did nothing."""


class Share(Record):
    """How many of how many."""

    hits: int = 0
    of: int = 0

    @property
    def value(self) -> float | None:
        """The share; None where nothing was seen."""
        return self.hits / self.of if self.of else None

    def more(self, *, hit: bool) -> Share:
        """With one more that was seen."""
        return Share(self.hits + hit, self.of + 1)


class ShareDifference(Record):
    """By how much the share with is above the share without, and the 95 per cent interval around it."""

    points: float
    low: float
    high: float


class LessonWorth(StrEnum):
    """What became of recurrence where a lesson was told."""

    NOT_KNOWN = "not known yet"
    HELPS = "helps"
    HARMS = "harms"
    NOTHING = "did nothing"


def wilson(share: Share) -> tuple[float, float]:
    """The 95 per cent score interval of a share (Wilson 1927); all of 0 to 1 where nothing was seen."""
    if not share.of:
        return 0.0, 1.0
    part, square = share.hits / share.of, _SURE * _SURE
    around = _SURE * math.sqrt(part * (1 - part) / share.of + square / (4 * share.of * share.of))
    middle, scale = part + square / (2 * share.of), 1 + square / share.of
    return max(0.0, (middle - around) / scale), min(1.0, (middle + around) / scale)


def difference(without: Share, with_it: Share) -> ShareDifference | None:
    """The difference of two independent shares with Newcombe's hybrid score interval; None where either saw nothing.

    It is method 10 of R. G. Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17 (1998), 873-890: made of both Wilson intervals, it holds for few samples and for shares
    near 0 and 1, where the usual one does not.
    """
    before, after = without.value, with_it.value
    if before is None or after is None:
        return None
    (low_before, high_before), (low_after, high_after) = wilson(without), wilson(with_it)
    points = after - before
    below = math.hypot(after - low_after, high_before - before)
    above = math.hypot(high_after - after, before - low_before)
    return ShareDifference(points, max(-1.0, points - below), min(1.0, points + above))


def worth_of(without: Share, with_it: Share) -> LessonWorth:
    """What can be said: nothing of too few, and that it did nothing only where much help can be ruled out."""
    found = difference(without, with_it)
    if found is None or min(without.of, with_it.of) < LEAST_SEEN:
        return LessonWorth.NOT_KNOWN
    if found.high < 0:
        return LessonWorth.HELPS
    if found.low > 0:
        return LessonWorth.HARMS
    return LessonWorth.NOTHING if found.low > -WORTH else LessonWorth.NOT_KNOWN
