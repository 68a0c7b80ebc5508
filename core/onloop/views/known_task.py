"""A task that must be there."""

from __future__ import annotations

from onloop.errors import UnknownThing
from onloop.machine.task import Task
from onloop.store.port import Reading


def known_task(reading: Reading, task_id: str) -> Task:
    """The task; UnknownThing if there is none."""
    task = reading.task(task_id)
    if task is None:
        raise UnknownThing(f"there is no task {task_id!r}", hint="onloop list shows every task")
    return task
