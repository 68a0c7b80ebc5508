"""Apply facts about work elsewhere to a task."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import elsewhere as w
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import WorkPlace
from onloop.records import replace

OfElsewhere = w.Adopted | w.FeedbackTaken | w.WorkLost

MOST_HEARD = 1_000
"""How many things that were taken up are remembered; no more than half as many are ever looked at again."""

KEPT_FEEDBACK = 20


def from_elsewhere(task: Task, event: OfElsewhere) -> Task:
    """The task after a fact about work elsewhere."""
    match event:
        case w.Adopted(source):
            return replace(with_author(task, source), elsewhere=source)
        case w.FeedbackTaken(key, _, feedback):
            told = task.feedback if feedback is None else (*task.feedback, feedback)[-KEPT_FEEDBACK:]
            return replace(task, heard=(*task.heard, key)[-MOST_HEARD:], feedback=told)
        case w.WorkLost(detail):
            place = task.elsewhere
            return task if place is None else replace(task, elsewhere=replace(place, lost=detail))
        case _:
            assert_never(event)


def with_author(task: Task, source: WorkPlace) -> Task:
    """The task with the author of the work elsewhere among those who worked on its step: they judge nothing of it."""
    known = task.workers.get(source.step, ())
    if source.worker in known:
        return task
    return replace(task, workers={**task.workers, source.step: (*known, source.worker)})
