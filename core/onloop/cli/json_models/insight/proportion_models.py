"""Shares, and differences of two shares, as `--json` prints them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from onloop.insight.proportions import Share, ShareDifference
from onloop.records import Record

Low = Annotated[float, Meta(description="The lower end of the interval of 95 per cent.")]
High = Annotated[float, Meta(description="The upper end of the interval of 95 per cent.")]


class ShareJson(Record):
    """So many of so many, with Wilson's interval."""

    hits: int
    of: int
    low: Low
    high: High


class ShareDifferenceJson(Record):
    """The first share less the second, with Newcombe's interval."""

    difference: float | None
    low: Low
    high: High
    told_apart: Annotated[bool, Meta(description="Whether the interval leaves out that both are equal.")]


def share_json(share: Share) -> ShareJson:
    """A share with its interval."""
    return ShareJson(share.hits, share.of, share.low, share.high)


def difference_json(found: ShareDifference) -> ShareDifferenceJson:
    """A difference with its interval, and whether both are told apart."""
    return ShareDifferenceJson(found.difference, found.low, found.high, found.is_told_apart)
