"""What has become of all that is below a task: counted once, then carried up with every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from onloop.gateway.picture import Category, category_of
from onloop.machine.state import State
from onloop.machine.task import Task


class Standing(IntEnum):
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


COUNTED: Mapping[Category, Standing] = {category: Standing[category.name] for category in Category}
"""What every category is counted as while nothing stalls."""
NONE: tuple[int, ...] = (0,) * len(Standing)
"""Nothing of anything."""
_OVER = (Standing.DONE, Standing.EXCLUDED, Standing.ENDED_OTHERWISE)
"""What holds no run up any more."""


def standing_of(task: Task, *, idle: bool = False) -> Standing:
    """What a task is counted as; `idle` where its agent is not heard from."""
    recorded = COUNTED[category_of(task)]
    return Standing.STALLED if idle and recorded is Standing.WORKING else recorded


@dataclass(frozen=True, slots=True)
class Tally:
    """How many stand in each way below a task, at any depth."""

    counts: tuple[int, ...] = NONE

    def of(self, standing: Standing) -> int:
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
    def pieces(self) -> tuple[tuple[str, Standing], ...]:
        """The counts in words: `3 of 5 done`, `1 needs you`, and so on; `all 5 done` only when they are."""
        done = self.of(Standing.DONE)
        first = f"all {done} done" if done == self.total else f"{done} of {self.total} done"
        rest = [(self.of(standing), standing) for standing in Standing if standing is not Standing.DONE]
        told = [(f"{count} {_word(standing, count)}", standing) for count, standing in rest if count]
        return ((first, Standing.DONE), *told) if self.total else ()

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


_WORDS: Mapping[Standing, str] = {
    Standing.STALLED: "stalled",
    Standing.WORKING: "running",
    Standing.WAITING: "waiting",
    Standing.EXCLUDED: "excluded",
    Standing.ENDED_OTHERWISE: "ended otherwise",
}


def _word(standing: Standing, count: int) -> str:
    if standing is Standing.NEEDS_PERSON:
        return "needs you" if count == 1 else "need you"
    return _WORDS[standing]


def one(standing: Standing, count: int = 1) -> list[int]:
    """So many that stand in one way."""
    amounts = [0] * len(Standing)
    amounts[standing] = count
    return amounts


def difference(before: Standing, after: Standing) -> list[int]:
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
