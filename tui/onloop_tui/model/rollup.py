"""What has become of all that is below a task: counted once, then carried up with every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from onloop.machine.state import Reason, State
from onloop.machine.task import Task


class Category(IntEnum):
    """What a task is counted as; every task is counted as exactly one thing."""

    NEEDS_PERSON = 0
    STALLED = 1
    RUNNING = 2
    WAITING = 3
    DONE = 4
    ENDED_OTHERWISE = 5


CATEGORIES: Mapping[State, Category] = {
    State.SUBMITTED: Category.WAITING,
    State.WORKING: Category.RUNNING,
    State.INPUT_REQUIRED: Category.NEEDS_PERSON,
    State.AUTH_REQUIRED: Category.NEEDS_PERSON,
    State.PAUSED: Category.WAITING,
    State.COMPLETED: Category.DONE,
    State.FAILED: Category.ENDED_OTHERWISE,
    State.CANCELED: Category.ENDED_OTHERWISE,
    State.REJECTED: Category.ENDED_OTHERWISE,
}
"""What every state is counted as, while it does not stall."""

_STALLING = frozenset({Reason.STALLED, Reason.DISCONNECTED})
NONE: tuple[int, ...] = (0,) * len(Category)
"""Nothing of anything."""


def category_of(task: Task) -> Category:
    """What a task is counted as."""
    return Category.STALLED if task.reason in _STALLING else CATEGORIES[task.state]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of each category are below a task, at any depth."""

    counts: tuple[int, ...] = NONE

    def of(self, category: Category) -> int:
        """How many of that category."""
        return self.counts[category]

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts)

    @property
    def live(self) -> int:
        """How many have not ended."""
        return self.total - self.of(Category.DONE) - self.of(Category.ENDED_OTHERWISE)

    @property
    def pieces(self) -> tuple[tuple[str, Category], ...]:
        """The counts in words: `3 of 5 done`, `1 needs you`, and so on; `all 5 done` only when they are."""
        done = self.of(Category.DONE)
        first = f"all {done} done" if done == self.total else f"{done} of {self.total} done"
        rest = [(self.of(category), category) for category in Category if category is not Category.DONE]
        told = [(f"{count} {_word(category, count)}", category) for count, category in rest if count]
        return ((first, Category.DONE), *told) if self.total else ()

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
        """How many of each category are below."""

    def redrawn(self) -> None:
        """Its line is another one now."""


_WORDS: Mapping[Category, str] = {
    Category.STALLED: "stalled",
    Category.RUNNING: "running",
    Category.WAITING: "waiting",
    Category.ENDED_OTHERWISE: "ended otherwise",
}


def _word(category: Category, count: int) -> str:
    if category is Category.NEEDS_PERSON:
        return "needs you" if count == 1 else "need you"
    return _WORDS[category]


def one(category: Category, count: int = 1) -> list[int]:
    """So many of one category."""
    amounts = [0] * len(Category)
    amounts[category] = count
    return amounts


def difference(before: Category, after: Category) -> list[int]:
    """What a task changes above it when it moves from one category to another."""
    amounts = one(after)
    amounts[before] -= 1
    return amounts


def add(counts: list[int], amounts: Sequence[int]) -> None:
    """Count `amounts` too."""
    for index, amount in enumerate(amounts):
        counts[index] += amount


def carry(above: Branch | None, amounts: Sequence[int]) -> None:
    """Add `amounts` to every place from `above` up to the top."""
    while above is not None and any(amounts):
        add(above.counts, amounts)
        above.redrawn()
        above = above.parent
