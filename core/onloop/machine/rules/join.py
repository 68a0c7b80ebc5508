"""When the children of a fan-out are enough, and whose work counts: functions over the children's states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from onloop.machine.definition import SCORE_GATE, Join, JoinKind
from onloop.machine.state import TERMINAL, State
from onloop.machine.task import Hand, Offspring, Task
from onloop.records import Record


class Child(Record):
    """A child as its parent's join sees it; `score` is in thousandths, None where nothing scored it."""

    made: Offspring
    state: State
    score: int | None = None
    workers: tuple[str, ...] = ()
    hands: tuple[Hand, ...] = ()

    @property
    def id(self) -> str:
        """The child's own id."""
        return self.made.id

    @property
    def live(self) -> bool:
        """Whether it may still hand something in."""
        return self.state not in TERMINAL

    @property
    def done(self) -> bool:
        """Whether its work could count."""
        return self.state is State.COMPLETED


class Enough(Record):
    """The work of `winners` counts, in this order; `losers` still work, and need not any more."""

    winners: tuple[Child, ...]
    losers: tuple[Child, ...] = ()


class Unfinished(Record):
    """Children still work, and the join can still succeed."""


class Impossible(Record):
    """No child works any more and the join is not met; `words` say what is missing."""

    words: str


def joined(join: Join, children: Sequence[Child]) -> Enough | Unfinished | Impossible:
    """Whether the children are enough now. A person is asked only when none of them works any more."""
    parts = [child for child in children if not child.made.resolves]
    done = tuple(child for child in parts if child.done)
    live = tuple(child for child in parts if child.live)
    match join.kind:
        case JoinKind.ALL:
            enough = Enough(done) if len(done) == len(parts) else None
        case JoinKind.QUORUM | JoinKind.FIRST:
            needed = join.quorum if join.kind is JoinKind.QUORUM else 1
            enough = Enough(done[:needed], live) if len(done) >= needed else None
        case JoinKind.BEST_OF:
            enough = None if live else _best(done)
        case _:
            assert_never(join.kind)
    if enough is not None:
        return enough
    return Unfinished() if live else Impossible(_missing(join, parts))


def _best(done: Sequence[Child]) -> Enough | None:
    scored = [child for child in done if child.score is not None]
    return Enough((max(scored, key=lambda child: child.score or 0),)) if scored else None


def join_progress(join: Join, children: Sequence[Child]) -> str:
    """How many of the children completed, and what the join asks for."""
    parts = [child for child in children if not child.made.resolves]
    done = sum(child.done for child in parts)
    wanted = {
        JoinKind.ALL: "all",
        JoinKind.QUORUM: str(join.quorum),
        JoinKind.FIRST: "one",
        JoinKind.BEST_OF: "one with a score",
    }[join.kind]
    return f"{done} of {len(parts)} children completed, and the join asks for {wanted}"


def _missing(join: Join, parts: Sequence[Child]) -> str:
    lost = [f"{child.id} {child.state.value}" for child in parts if not child.done]
    return join_progress(join, parts) + (f": {', '.join(lost[:10])}" if lost else "")


def child_of(made: Offspring, task: Task) -> Child:
    """The child that a task is to its parent."""
    found = [e.score for key, e in task.evidence.items() if key.endswith(f":{SCORE_GATE}") and task.is_current(e)]
    score = next((value for value in reversed(found) if value is not None), None)
    workers = dict.fromkeys(agent for agents in task.workers.values() for agent in agents)
    hands = dict.fromkeys(hand for claimed in task.hands.values() for hand in claimed)
    return Child(made, task.state, score, tuple(workers), tuple(hands))
