"""A task without its newest decision, read from the log: for whoever takes that back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.evolve import evolve
from onloop.machine.rules.freshness import IMMATERIAL, Change
from onloop.machine.rules.people.taking_back import may_follow
from onloop.machine.task import Decision, Task
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded

MOST_EVENTS = 100_000
_FOLLOWS = (
    e.Decided,
    e.RequestClosed,
    e.RequestOpened,
    e.LeaseEnded,
    e.StepEntered,
    e.CountersReset,
    e.Moved,
    e.BackoffStarted,
    e.EffectRequested,
    e.PolicyJudged,
    e.BranchTaken,
    e.LessonsTold,
)
"""What follows from a decision at once, in its own transaction, and can be undone."""


class UntoldFacts(TypedDict, total=False):
    """See Facts."""

    untold: Task | None
    since: tuple[Change, ...]


def untold(tx: Reading, task: Task, command: c.Command) -> UntoldFacts:
    """What who takes a decision back must know; nothing for any other command."""
    if not isinstance(command, c.TakeBack) or not task.decisions:
        return {}
    log = tx.log(task=task.id, limit=MOST_EVENTS)
    first = _place_of(log, task.decisions[-1])
    if first is None:
        return {}
    end = _end_of_deed(log, first)
    before = [(event_from_text(event.name, event.data), event.at) for event in log[:first]]
    changes = [Change(event_from_text(each.name, each.data), each.principal, each.at) for each in log[end:]]  # type: ignore[arg-type]
    since = tuple(change for change in changes if not isinstance(change.event, IMMATERIAL))
    if since or not may_follow(task):
        return {"since": since}
    stood: Task | None = None
    for fact, at in (*before, *((change.event, change.at) for change in changes)):
        stood = evolve(stood, fact, id=task.id, at=at)  # type: ignore[arg-type]  # a task's log has its events alone
    return {"untold": stood}


def _place_of(log: Sequence[Recorded], decision: Decision) -> int | None:
    """Where a decision is recorded that counts."""
    for place in range(len(log) - 1, -1, -1):
        event = log[place]
        if (event.name, event.at) == (e.Decided.__name__, decision.at):
            fact = event_from_text(event.name, event.data)
            if isinstance(fact, e.Decided) and fact.decision == decision:
                return place
    return None


def _end_of_deed(log: Sequence[Recorded], first: int) -> int:
    """The place after all that was recorded with the event at that place."""
    names = {kind.__name__ for kind in _FOLLOWS}
    told = log[first]
    for place in range(first + 1, len(log)):
        event = log[place]
        if event.name not in names or (event.at, event.principal, event.key) != (told.at, told.principal, told.key):
            return place
    return len(log)
