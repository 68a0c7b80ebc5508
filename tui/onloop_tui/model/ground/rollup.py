"""The counts of all tasks below a task: computed once, then updated upward with every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from onloop.attention.scope import Whose, needs_you
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.views.overview import Category, category_of


class RollupCategory(IntEnum):
    """The category in which a task is counted: the core's, stalled if its agent is silent, and whom it needs.

    The members are in display order.
    """

    NEEDS_PERSON = 0
    FOR_OTHERS = 1
    HIDDEN = 2
    STALLED = 3
    WORKING = 4
    WAITING = 5
    DONE = 6
    EXCLUDED = 7
    ENDED_OTHERWISE = 8


COUNTED: Mapping[Category, RollupCategory] = {category: RollupCategory[category.name] for category in Category}
"""The rollup category of every category while nothing stalls."""
NONE: tuple[int, ...] = (0,) * len(RollupCategory)
"""The tally without tasks."""
_OVER = (RollupCategory.DONE, RollupCategory.EXCLUDED, RollupCategory.ENDED_OTHERWISE)
"""The categories that no longer hold a run up."""


_WHOSE: Mapping[Whose, RollupCategory] = {
    Whose.YOU: RollupCategory.NEEDS_PERSON,
    Whose.OTHERS: RollupCategory.FOR_OTHERS,
    Whose.HIDDEN: RollupCategory.HIDDEN,
}


def rollup_category_of(task: Task, *, idle: bool = False, whose: Whose = Whose.YOU) -> RollupCategory:
    """The category of a task; `idle` if its agent is silent, `whose` tells whom it needs if it needs a person."""
    recorded = COUNTED[category_of(task)]
    if recorded is RollupCategory.NEEDS_PERSON:
        return _WHOSE[whose]
    return RollupCategory.STALLED if idle and task.state is State.WORKING else recorded


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of tasks in each category below a task, at any depth."""

    counts: tuple[int, ...] = NONE

    def of(self, standing: RollupCategory) -> int:
        """The count of one category."""
        return self.counts[standing]

    @property
    def total(self) -> int:
        """The total."""
        return sum(self.counts)

    @property
    def live(self) -> int:
        """The number of tasks that hold their run up: neither ended nor excluded."""
        return self.total - sum(map(self.of, _OVER))

    @property
    def pieces(self) -> tuple[tuple[str, RollupCategory], ...]:
        """The counts in words: `3 of 5 done`, `1 needs you`, and so on; `all 5 done` only when they are."""
        done = self.of(RollupCategory.DONE)
        first = f"all {done} done" if done == self.total else f"{done} of {self.total} done"
        rest = [(self.of(standing), standing) for standing in RollupCategory if standing is not RollupCategory.DONE]
        counts = [(f"{count} {_word(standing, count)}", standing) for count, standing in rest if count]
        return ((first, RollupCategory.DONE), *counts) if self.total else ()

    @property
    def words(self) -> str:
        """All counts in one line."""
        return " · ".join(words for words, _ in self.pieces)

    def says_done(self, task: Task) -> bool:
        """Whether `task` may be shown as done: never while a task below it is live."""
        return task.state is State.COMPLETED and not self.live


def is_over(standing: RollupCategory) -> bool:
    """Whether a task of this category holds its run up no longer."""
    return standing in _OVER


class Branch(Protocol):
    """A node of a tree that counts what is below it."""

    @property
    def parent(self) -> Branch | None:
        """The node above."""

    @property
    def counts(self) -> list[int]:
        """The counts of the tasks below, by category."""

    def redrawn(self) -> None:
        """Note that its line has changed."""


_WORDS: Mapping[RollupCategory, str] = {
    RollupCategory.FOR_OTHERS: "for others",
    RollupCategory.HIDDEN: "hidden",
    RollupCategory.STALLED: "stalled",
    RollupCategory.WORKING: "working",
    RollupCategory.WAITING: "waiting",
    RollupCategory.EXCLUDED: "excluded",
    RollupCategory.ENDED_OTHERWISE: "ended otherwise",
}


def _word(standing: RollupCategory, count: int) -> str:
    if standing is RollupCategory.NEEDS_PERSON:
        return needs_you(count).partition(" ")[2]
    return _WORDS[standing]


def one(standing: RollupCategory, count: int = 1) -> list[int]:
    """The counts of `count` tasks in one category."""
    amounts = [0] * len(RollupCategory)
    amounts[standing] = count
    return amounts


def difference(before: RollupCategory, after: RollupCategory) -> list[int]:
    """The change of the counts above a task that moves between categories."""
    amounts = one(after)
    amounts[before] -= 1
    return amounts


def add(counts: list[int], amounts: Sequence[int]) -> None:
    """Add `amounts` to `counts` in place."""
    for index, amount in enumerate(amounts):
        counts[index] += amount


def carry(above: Branch | None, amounts: Sequence[int]) -> None:
    """Add `amounts` to every node from `above` up to the top."""
    while above is not None and any(amounts):
        add(above.counts, amounts)
        above.redrawn()
        above = above.parent
