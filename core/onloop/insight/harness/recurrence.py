"""PURE: whether something comes back less often than before, and how sure that is."""

from __future__ import annotations

from enum import StrEnum

from onloop.insight.proportions import Share, ShareDifference, newcombe, wilson
from onloop.records import Record

LEAST_SEEN = 20
"""Of fewer on either side nothing is said."""
WORTH = 0.20
"""A lesson is worth its place if recurrence may be lower by this share; with less in sight, it did nothing."""


class SeenCount(Record):
    """How often something was seen, of how often it was looked for."""

    hits: int = 0
    of: int = 0

    @property
    def share(self) -> Share:
        """The share, and how sure it is."""
        return wilson(self.hits, self.of)

    def more(self, *, hit: bool) -> SeenCount:
        """With one more that was looked for."""
        return SeenCount(self.hits + hit, self.of + 1)


class LessonWorth(StrEnum):
    """What became of recurrence where a lesson was told."""

    NOT_KNOWN = "not known yet"
    HELPS = "helps"
    HARMS = "harms"
    NOTHING = "did nothing"


def change_of(without: SeenCount, with_it: SeenCount) -> ShareDifference:
    """By how much the share with it is above the share without it."""
    return newcombe(with_it.share, without.share)


def worth_of(without: SeenCount, with_it: SeenCount) -> LessonWorth:
    """What can be said: nothing of too few, and that it did nothing only where much help can be ruled out."""
    found = change_of(without, with_it)
    if min(without.of, with_it.of) < LEAST_SEEN:
        return LessonWorth.NOT_KNOWN
    if found.high < 0:
        return LessonWorth.HELPS
    if found.low > 0:
        return LessonWorth.HARMS
    return LessonWorth.NOTHING if found.low > -WORTH else LessonWorth.NOT_KNOWN
