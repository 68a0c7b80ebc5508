"""What clients asked of tasks and were answered, with the times of both; and whether one holder at a time explains it.

A history is *linearizable* if every request can be put at one moment between its asking and its answer, so that the
answers are those of a single task that is asked one thing after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a client asked of a task."""

    CLAIM = "claim"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `epoch` is what a claim got or what a release named; `done` is whether it was granted."""

    agent: str
    act: Act
    task: str
    began: float
    ended: float
    epoch: int
    done: bool

    def line(self) -> str:
        """It, as one line of a file."""
        return json.dumps(asdict(self)) + "\n"


def from_lines(lines: Iterable[str]) -> Iterator[Asked]:
    """What `line` wrote."""
    for line in lines:
        told = json.loads(line)
        yield Asked(**{**told, "act": Act(told["act"])})


@dataclass(frozen=True, slots=True)
class Held:
    """A task as the model sees it: how often it was claimed, and whether it is held."""

    epoch: int = 0
    by_somebody: bool = False

    def after(self, asked: Asked) -> Held | None:
        """The task after this request, or None if it would have been answered otherwise."""
        holds = self.by_somebody and self.epoch == asked.epoch
        match asked.act, asked.done:
            case Act.CLAIM, True:
                fits = not self.by_somebody and asked.epoch == self.epoch + 1
                return Held(asked.epoch, True) if fits else None
            case Act.CLAIM, False:
                return self if self.by_somebody else None
            case Act.RELEASE, True:
                return Held(self.epoch, False) if holds else None
            case _:
                return None if holds else self


def is_linearizable(history: Sequence[Asked]) -> bool:
    """Whether one order explains the history of one task: the search of Wing and Gong, with Lowe's memory."""
    asked = sorted(history, key=lambda each: each.began)
    stack, seen = [(0, frozenset[int](), Held())], set[tuple[int, frozenset[int], Held]]()
    while stack:
        first, ahead, state = stack.pop()
        while first in ahead:
            first, ahead = first + 1, ahead - {first}
        if first == len(asked):
            return True
        if (first, ahead, state) in seen:
            continue
        seen.add((first, ahead, state))
        for index in _next(asked, first, ahead):
            after = state.after(asked[index])
            if after is not None:
                stack.append((first, ahead | {index}, after))
    return False


def _next(asked: Sequence[Asked], first: int, ahead: frozenset[int]) -> Iterator[int]:
    """Which requests may come next: those that began before any other that is still to come had ended."""
    horizon = float("inf")
    for index in range(first, len(asked)):
        if asked[index].began > horizon:
            return
        if index not in ahead:
            yield index
            horizon = min(horizon, asked[index].ended)


def faults_of(history: Sequence[Asked]) -> list[str]:
    """What is wrong with a whole history, in words, task by task; nothing is wrong with an empty answer."""
    tasks: dict[str, list[Asked]] = {}
    for asked in history:
        tasks.setdefault(asked.task, []).append(asked)
    return [fault for task, own in sorted(tasks.items()) for fault in _faults(task, own)]


def _faults(task: str, own: Sequence[Asked]) -> Iterator[str]:
    held: dict[int, str] = {}
    for asked in own:
        if asked.act is Act.CLAIM and asked.done and held.setdefault(asked.epoch, asked.agent) != asked.agent:
            yield f"{task}: epoch {asked.epoch} has two holders, {held[asked.epoch]} and {asked.agent}"
    if not is_linearizable(own):
        yield f"{task}: no order of its {len(own)} requests explains the answers"
