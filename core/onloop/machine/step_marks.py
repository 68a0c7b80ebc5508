"""How a task stands to each step of its workflow, for drawings."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.definition import Definition
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.machine.way import passed_by, way_to


class Mark(StrEnum):
    """Where a step lies on the way of a task, by the sign that a drawing in text gives it."""

    HERE = "▶"
    PASSED = "✓"
    NOT_TAKEN = "·"


LEGEND = "✓ passed   ▶ it stands here   · not taken"


def step_marks(definition: Definition, task: Task) -> dict[str, Mark]:
    """The mark of each step that has one; what may still come has none."""
    way = [step.id for step in way_to(definition, task)]
    marks = dict.fromkeys(way, Mark.PASSED) | dict.fromkeys(passed_by(definition, task), Mark.NOT_TAKEN)
    if task.state is State.COMPLETED:
        marks = {step.id: Mark.NOT_TAKEN for step in definition.steps} | marks
    is_at_last = task.step is not None and task.state is not State.COMPLETED
    return marks | ({task.step: Mark.HERE} if is_at_last and task.step else {})
