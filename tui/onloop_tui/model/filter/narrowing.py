"""The groups after a filter: a group stays if one of its members matches, and counts only matching members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.attention.groups import Group, group_of
from onloop.machine.task import Task
from onloop_tui.model.filter.filters import Filter


def narrowed(groups: Sequence[Group], wanted: Filter, tasks: Mapping[str, Task], now: int) -> tuple[Group, ...]:
    """The groups with their matching members, in the given order."""
    if not wanted:
        return tuple(groups)
    left = (_narrowed(group, wanted, tasks, now) for group in groups)
    return tuple(group for group in left if group is not None)


def _narrowed(group: Group, wanted: Filter, tasks: Mapping[str, Task], now: int) -> Group | None:
    fitting = tuple(
        item for item in group.members if item.task in tasks and wanted.matches(tasks[item.task], now, group.cause)
    )
    if len(fitting) == len(group.members):
        return group
    return group_of(fitting) if fitting else None
