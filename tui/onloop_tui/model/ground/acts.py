"""The acts of a person on a task: all answers to requests, going on from a red base, and pause, resume and exclude."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.rules.looking_first import is_held_by_base
from onloop.machine.rules.people.taking_back import takeable
from onloop.machine.state import State
from onloop.machine.task import Task


class Act(StrEnum):
    """Acts that answer a request have the names of the core's decisions."""

    APPROVE = "approve"
    REJECT = "reject"
    ANSWER = "answer"
    NO_WORSE = "no_worse"
    RETRY = "retry"
    REASSIGN = "reassign"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    EXCLUDE = "exclude"
    NOTE = "note"
    TAKE_BACK = "take_back"


def acts_on(task: Task) -> tuple[Act, ...]:
    """All acts for this task: pause and resume share a key, so only one is listed; no-worse is for a red base.

    A note is listed while an agent works, for whom it is; taking back, while there is something to take back.
    """
    is_for = {Act.NO_WORSE: is_held_by_base(task), Act.NOTE: task.holder is not None, Act.TAKE_BACK: takeable(task)}
    return tuple(act for act in Act if act is meant(act, task) and is_for.get(act, True))


def meant(act: Act, task: Task) -> Act:
    """The act that a key means for this task: pause, or resume if it is paused or excluded."""
    if act in {Act.PAUSE, Act.RESUME}:
        return Act.RESUME if task.state is State.PAUSED else Act.PAUSE
    return act
