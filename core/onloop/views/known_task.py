"""Reads a task that must exist."""

from __future__ import annotations

from onloop.errors import unknown_task
from onloop.machine.task import Task
from onloop.store.port import Reading


def known_task(reading: Reading, task_id: str) -> Task:
    """The task; UnknownThing if there is none."""
    task = reading.task(task_id)
    if task is None:
        raise unknown_task(task_id)
    return task
