"""How a task waits for work that is made elsewhere. Agents there hold no lease, and read no brief of ours."""

from __future__ import annotations

from onloop.machine import events as e
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import PlaceKind, WorkPlace

TOLD_NOTHING = "is worked on elsewhere, and is told nothing from here"
"""How the question ends whether somebody passes on what came back to a branch of plain git."""

_ABOUT_THE_COMMIT = frozenset(
    {Reason.APPROVAL_REQUIRED, Reason.CHANGED_SINCE_APPROVAL, Reason.CONFLICT, Reason.GATE_FAILED}
)


def wait_for_work(course: DecisionBuilder, words: str) -> None:
    """Wait for an agent, or for a push where the work is made elsewhere."""
    task, place = course.task, course.task.elsewhere
    if place is not None and task.is_elsewhere:
        wait_for_push(course, place, words)
    else:
        course.record(e.Moved(State.SUBMITTED, Reason.READY, words))


def wait_for_push(course: DecisionBuilder, place: WorkPlace, words: str) -> None:
    """Wait for what is made there, and call nobody yet."""
    course.record(e.Moved(State.SUBMITTED, Reason.ELSEWHERE, f"{words}; waits for a push to {place.words}"))


def is_put_to_people(task: Task) -> bool:
    """Whether people were asked something that a push answers as little as a submission here would.

    A push answers what was asked about the commit before it, that a place is gone, and that nobody there is told.
    """
    if task.state is not State.INPUT_REQUIRED or not task.requests or task.reason in _ABOUT_THE_COMMIT:
        return False
    is_lost = task.elsewhere is not None and bool(task.elsewhere.lost)
    return task.reason is not Reason.CHOICE or not (is_lost or task.detail.endswith(TOLD_NOTHING))


def is_unheard(task: Task) -> bool:
    """Whether something came back that nobody at a branch of plain git is told; a pull request is, by a comment.

    A person who had it tried again knows of it, and waits.
    """
    place = task.elsewhere
    is_branch = place is not None and place.kind is PlaceKind.BRANCH and task.reason is Reason.ELSEWHERE
    return is_branch and bool(task.feedback) and task.feedback[-1].kind not in {"retry", "push"}
