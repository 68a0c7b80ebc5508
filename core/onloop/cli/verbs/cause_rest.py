"""Retry one, then the rest: what became of those with one cause that were tried again, in every run."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.access.opening import GatewayHandle
from onloop.attention.groups import Group
from onloop.machine.state import State
from onloop.machine.task import DecisionKind, Task
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.views.queries.reads import ReadTasks

MOST_RUNS = 50
"""In how many runs it is looked for tasks that were tried again."""
MOST_NAMED = 3


def tried_words(opened: GatewayHandle, group: Group) -> str:
    """Whether what was tried again at the step of the cause has passed it, in a sentence."""
    have = {item.task for item in group.members}
    runs = list(dict.fromkeys(item.run for item in group.members))[:MOST_RUNS]
    since = min((item.since for item in group.members), default=0)
    found = [task for run in runs for task in opened.gateway.perform(ReadTasks(TaskFilter(run=run)))]
    tried = [task for task in found if task.id not in have and _retried_at(task, group.step) >= since]
    passed = [task for task in tried if task.state is State.COMPLETED or (task.step != group.step and not task.ended)]
    if passed:
        return f"{_names(passed)} was tried again, and has passed {group.step}"
    if tried:
        return f"mind: {_names(tried)} was tried again, and has not passed {group.step} yet"
    return f"mind: nothing with this cause was tried again before: --first shows whether that helps at {group.step}"


def _retried_at(task: Task, step: str) -> int:
    """When a person had it tried again at that step last (ms); -1 for never."""
    times = (d.at for d in task.decisions if d.answer is DecisionKind.RETRY and d.step == step)
    return max(times, default=-1)


def _names(tasks: Sequence[Task]) -> str:
    named = ", ".join(task.id for task in tasks[:MOST_NAMED])
    return safe(named if len(tasks) <= MOST_NAMED else f"{named} and {len(tasks) - MOST_NAMED} more")
