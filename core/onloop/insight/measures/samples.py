"""PURE: medians that say of how many they are, and how sure a share is."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from enum import StrEnum

from onloop.insight.proportions import wilson
from onloop.records import Record

_SURE = 1.645
"""Where a normal distribution has 95 per cent below, in standard deviations."""


class Spread(Record):
    """The median of what was seen, and of how many; nothing was seen where there is none."""

    median: int | None = None
    count: int = 0


class Samples:
    """Whole numbers as they come, eight bytes each."""

    def __init__(self) -> None:
        self._seen = array("q")

    def add(self, value: int) -> None:
        """One more."""
        self._seen.append(value)

    def spread(self) -> Spread:
        """The median of all so far; of an even number, the lower of both in the middle."""
        return spread_of(self._seen)


def spread_of(values: Iterable[int]) -> Spread:
    """The median of these, and how many they are."""
    ordered = sorted(values)
    return Spread(ordered[(len(ordered) - 1) // 2], len(ordered)) if ordered else Spread()


class SizeClass(StrEnum):
    """How large a change is, by the lines that it adds and removes."""

    S = "S"
    M = "M"
    L = "L"
    XL = "XL"


LARGEST = {SizeClass.S: 49, SizeClass.M: 249, SizeClass.L: 999}
"""How many lines the changes of a class have at most."""


def size_of(lines: int) -> SizeClass:
    """The class of a change of so many lines."""
    return next((size for size, most in LARGEST.items() if lines <= most), SizeClass.XL)


def upper_share(hits: int, of: int) -> float:
    """The share of hits that is, with 95 per cent of confidence, not exceeded (Wilson); 1 where nothing was seen."""
    if of <= 0:
        return 1.0
    return wilson(hits, of, _SURE).high
