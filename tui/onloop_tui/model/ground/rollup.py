"""What has become of all that is below a task: counted once, then carried up with every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.views.overview import Category, category_of


class RollupCategory(IntEnum):
    """What a task below another is counted as: its category, and stalled where its agent has fallen silent.

    In the order in which they are told.
    """

    NEEDS_PERSON = 0
    STALLED = 1
    WORKING = 2
    WAITING = 3
    DONE = 4
    EXCLUDED = 5
    ENDED_OTHERWISE = 6


COUNTED: Mapping[Category, RollupCategory] = {category: RollupCategory[category.name] for category in Category}
"""What every category is counted as while nothing stalls."""
NONE: tuple[int, ...] = (0,) * len(RollupCategory)
"""Nothing of anything."""
_OVER = (RollupCategory.DONE, RollupCategory.EXCLUDED, RollupCategory.ENDED_OTHERWISE)
"""What holds no run up any more."""


def rollup_category_of(task: Task, *, idle: bool = False) -> RollupCategory:
    """What a task is counted as; `idle` where its agent is not heard from."""
    recorded = COUNTED[category_of(task)]
    return RollupCategory.STALLED if idle and recorded is RollupCategory.WORKING else recorded


@dataclass(frozen=True, slots=True)
class Tally:
    """How many stand in each way below a task, at any depth."""

    counts: tuple[int, ...] = NONE

    def of(self, standing: RollupCategory) -> int:
        """How many stand so."""
        return self.counts[standing]

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts)

    @property
    def live(self) -> int:
        """How many hold their run up: neither ended nor excluded."""
        return self.total - sum(map(self.of, _OVER))

    @property
    def pieces(self) -> tuple[tuple[str, RollupCategory], ...]:
        """The counts in words: `3 of 5 done`, `1 needs you`, and so on; `all 5 done` only when they are."""
        done = self.of(RollupCategory.DONE)
        first = f"all {done} done" if done == self.total else f"{done} of {self.total} done"
        rest = [(self.of(standing), standing) for standing in RollupCategory if standing is not RollupCategory.DONE]
        told = [(f"{count} {_word(standing, count)}", standing) for count, standing in rest if count]
        return ((first, RollupCategory.DONE), *told) if self.total else ()

    @property
    def words(self) -> str:
        """All counts in one line."""
        return " · ".join(words for words, _ in self.pieces)

    def says_done(self, task: Task) -> bool:
        """Whether `task`, with this below it, may be called done: never while anything below it lives."""
        return task.state is State.COMPLETED and not self.live


class Branch(Protocol):
    """A place in a tree that counts what is below it."""

    @property
    def parent(self) -> Branch | None:
        """The place above."""

    @property
    def counts(self) -> list[int]:
        """How many stand in each way below."""

    def redrawn(self) -> None:
        """Its line is another one now."""


_WORDS: Mapping[RollupCategory, str] = {
    RollupCategory.STALLED: "stalled",
    RollupCategory.WORKING: "running",
    RollupCategory.WAITING: "waiting",
    RollupCategory.EXCLUDED: "excluded",
    RollupCategory.ENDED_OTHERWISE: "ended otherwise",
}


def _word(standing: RollupCategory, count: int) -> str:
    if standing is RollupCategory.NEEDS_PERSON:
        return "needs you" if count == 1 else "need you"
    return _WORDS[standing]


def one(standing: RollupCategory, count: int = 1) -> list[int]:
    """So many that stand in one way."""
    amounts = [0] * len(RollupCategory)
    amounts[standing] = count
    return amounts


def difference(before: RollupCategory, after: RollupCategory) -> list[int]:
    """What a task changes above it when it no longer stands as before."""
    amounts = one(after)
    amounts[before] -= 1
    return amounts


def add(counts: list[int], amounts: Sequence[int]) -> None:
    """Standing `amounts` too."""
    for index, amount in enumerate(amounts):
        counts[index] += amount


def carry(above: Branch | None, amounts: Sequence[int]) -> None:
    """Add `amounts` to every place from `above` up to the top."""
    while above is not None and any(amounts):
        add(above.counts, amounts)
        above.redrawn()
        above = above.parent
