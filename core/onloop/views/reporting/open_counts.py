"""PURE: how many tasks of a run were open at which time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from onloop.records import Record
from onloop.views.reporting.run_times import Clockwork, Hold, RunTimes, TaskSpan

MOST_POINTS = 60
"""How many points a burndown has at most."""
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_WIDTHS = tuple(
    count * unit
    for unit, counts in (
        (_SECOND, (1, 2, 5, 10, 20, 30)),
        (_MINUTE, (1, 2, 5, 10, 20, 30)),
        (_HOUR, (1, 2, 4, 8, 12)),
        (_DAY, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    )
    for count in counts
)
"""Widths of buckets that people can think in."""


class OpenCount(Record):
    """How many tasks were open at `at` (ms), and whether the run stood still since the point before."""

    at: int
    open: int
    held: bool = False


class Burndown(Record):
    """How many tasks were open at which time, in equal steps but for the last, and when the run stood still."""

    points: tuple[OpenCount, ...] = ()
    width_ms: int = 0
    gaps: tuple[Hold, ...] = ()


def burndown(times: RunTimes, now: int) -> Burndown:
    """From when the run began until all of it had ended, or until `now`."""
    if not times.spans:
        return Burndown()
    began = min(span.created for span in times.spans)
    end = max(now if times.ended is None else times.ended, began)
    width = next((each for each in _WIDTHS if (end - began) <= each * (MOST_POINTS - 1)), None)
    width = width or -(-(end - began) // (MOST_POINTS - 1))
    moments = [*range(began, end, width), end]
    clock = Clockwork(times.holds, now)
    counts = _open_at(times.spans, moments)
    held = [False, *(clock.covers(before, at) for before, at in pairwise(moments))]
    points = tuple(OpenCount(*each) for each in zip(moments, counts, held, strict=True))
    return Burndown(points, width, times.holds)


def _open_at(spans: Sequence[TaskSpan], moments: Sequence[int]) -> list[int]:
    """How many were open at each of these moments; what ends at one is not open any more."""
    comes, goes = list[int](), list[int]()
    for span in spans:
        comes.append(span.created)
        if span.ended is not None:
            goes.append(span.ended)
        for since, until in span.out:
            goes.append(since)
            if until is not None:
                comes.append(until)
    comes.sort()
    goes.sort()
    return [bisect_right(comes, at) - bisect_right(goes, at) for at in moments]
