"""The way that a task took through its workflow: the steps that vouch for its work, and those that it passed by."""

from __future__ import annotations

from onloop.machine.definition import Definition, Step
from onloop.machine.task import Task


def way_to(definition: Definition, task: Task) -> tuple[Step, ...]:
    """The steps on the way from the first to where the task stands, that one included.

    Where the way led back, what came after counts only once it is passed again. A workflow that was amended since may
    know no such way: then every step before it in the file is on it, so that nothing is left out.
    """
    places = {step.id: place for place, step in enumerate(definition.steps)}
    if task.step not in places:
        return ()
    way, step = [definition.steps[0]], definition.steps[0].id
    while step != task.step:
        step = task.branches.get(step) or definition.followers(step)[-1]
        if places.get(step, -1) <= places[way[-1].id]:
            return definition.steps[: places[task.step] + 1]
        way.append(definition.steps[places[step]])
    return tuple(way)


def passed_by(definition: Definition, task: Task) -> frozenset[str]:
    """The steps before the one where the task stands that its way did not lead through."""
    ids = [step.id for step in definition.steps]
    if task.step not in ids:
        return frozenset()
    return frozenset(ids[: ids.index(task.step)]) - {step.id for step in way_to(definition, task)}
