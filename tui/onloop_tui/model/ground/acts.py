"""What a person may do to a task with a key: every answer that a request takes, and to stop it and let it go on."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.state import State
from onloop.machine.task import Task


class Act(StrEnum):
    """The answers have the names that they have in the core."""

    APPROVE = "approve"
    REJECT = "reject"
    ANSWER = "answer"
    RETRY = "retry"
    REASSIGN = "reassign"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    EXCLUDE = "exclude"


def acts_on(task: Task) -> tuple[Act, ...]:
    """All that there is for this task: one key pauses it, or, where it is paused or excluded, lets it go on."""
    return tuple(act for act in Act if act is meant(act, task))


def meant(act: Act, task: Task) -> Act:
    """The act that the key means for this task."""
    if act in {Act.PAUSE, Act.RESUME}:
        return Act.RESUME if task.state is State.PAUSED else Act.PAUSE
    return act
