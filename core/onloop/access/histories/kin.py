"""Whose commits a task builds on."""

from __future__ import annotations

from onloop.gates.bundles.history_offer import tasks_of
from onloop.machine.task import Task


def kin_of(task: Task) -> tuple[str, ...]:
    """The tasks whose commits a task's clone needs, itself first."""
    return tasks_of(task.id, task.merges, task.parent, task.funnel)
