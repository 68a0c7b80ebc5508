"""PURE: the causes of a run, one line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from onloop.attention.groups import Group
from onloop.machine.task import Task
from onloop.views.reporting.fleet_class import class_of
from onloop.views.reporting.report_records import MOST_NAMED, CauseLine


def cause_lines(tasks: Iterable[Task], groups: Sequence[Group]) -> tuple[CauseLine, ...]:
    """A line for each of these causes that one of the tasks has, in the order of the queue."""
    own = {task.id: task for task in tasks}
    lines = (_line(group, [own[item.task] for item in group.members if item.task in own]) for group in groups)
    return tuple(line for line in lines if line is not None)


def _line(group: Group, members: Sequence[Task]) -> CauseLine | None:
    if not members:
        return None
    return CauseLine(
        cause=group.cause,
        reason=group.reason,
        counted_as=class_of(members[0], group),
        headline=group.headline,
        detail=group.detail,
        count=len(members),
        since=min(item.since for item in group.members),
        named=tuple(task.repo or task.title for task in members[:MOST_NAMED]),
        steps=Counter(task.step or "" for task in members),
        regrouped=bool(group.acts),
    )
