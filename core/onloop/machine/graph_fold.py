"""Apply which way a task goes, and what it waits for, to it."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import events as e
from onloop.machine.task import Task
from onloop.records import replace


def on_its_way(task: Task, event: e.BranchTaken | e.Unblocked | e.Waived) -> Task:
    """The task after a fact about its way, or about the siblings that it waits for."""
    match event:
        case e.BranchTaken(step, to):
            return replace(task, branches={**task.branches, step: to})
        case e.Unblocked():
            return replace(task, unblocked=True)
        case e.Waived(children):
            return replace(task, after=tuple(name for name in task.after if name not in children))
        case _:
            assert_never(event)
