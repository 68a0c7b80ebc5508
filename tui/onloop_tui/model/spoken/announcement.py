"""What has changed, said as it comes: the most important first, and never so much that nobody can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onloop.attention.groups import Group
from onloop_tui.model.spoken.spoken_row import counted_words, named_words

GAP_MS = 5_000
"""The least time between announcements; what changes in between is said together."""
MOST = 3
"""The sentences of one announcement; the rest is counted."""


@dataclass(frozen=True, slots=True)
class SaidSoFar:
    """What a person has been told: how many tasks have each cause, the words of it, and when they were told (ms)."""

    counts: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    at: int = 0

    @classmethod
    def of(cls, groups: Sequence[Group], at: int) -> SaidSoFar:
        """All that these groups say has been told."""
        return cls(
            {group.cause: len(group.members) for group in groups},
            {group.cause: named_words(group) for group in groups},
            at,
        )


def announced_after(before: SaidSoFar, groups: Sequence[Group], now: int) -> tuple[SaidSoFar, tuple[str, ...]]:
    """What has been told after this look, and the sentences that are due: new causes, then grown ones, then cleared."""
    if 0 <= now - before.at < GAP_MS:
        return before, ()
    here = SaidSoFar.of(groups, now)
    new = [f"new, needs you: {named_words(group)}" for group in groups if group.cause not in before.counts]
    grown = [
        f"more, needs you: {named_words(group)}"
        for group in groups
        if before.counts.get(group.cause, len(group.members)) < len(group.members)
    ]
    cleared = [f"no longer needs you: {words}" for cause, words in before.words.items() if cause not in here.counts]
    sentences = [*new, *grown, *cleared]
    if not sentences:
        return SaidSoFar(here.counts, here.words, before.at), ()
    left = len(sentences) - MOST
    more = (f"and {counted_words(left, 'change')} more",) if left > 0 else ()
    return here, (*sentences[:MOST], *more)
