"""Groups as people have put them together or told them apart. Every item stays in exactly one group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from onloop.attention.groups import Group, group_of, seniority
from onloop.attention.items import BLOCKED, AttentionItem
from onloop.errors import BadInput
from onloop.machine.regrouping import CauseAct, touched_by
from onloop.records import replace


def regrouped(groups: Iterable[Group], acts: tuple[CauseAct, ...]) -> tuple[Group, ...]:
    """The groups after people's acts. Acts change failures only: nothing joins or leaves what is to be decided."""
    if not acts:
        return tuple(groups)
    groups = tuple(groups)
    fixed = {group.cause for group in groups if not can_be_regrouped(group)}
    acts = tuple(act for act in acts if act.cause not in fixed)
    touched, left = touched_by(acts), list[Group]()
    moved: defaultdict[str, list[AttentionItem]] = defaultdict(list)
    for group in groups:
        if group.cause in touched and group.cause not in fixed:
            for item in group.members:
                after = _item_after(item, acts)
                moved[after.cause].append(after)
        else:
            left.append(group)
    return (*left, *(group_of(sorted(members, key=seniority)) for members in moved.values()))


def can_be_regrouped(group: Group) -> bool:
    """Whether people may split the group, or merge it: it is about failures of tasks, and nothing is approved in it."""
    return group.has_tasks and group.tier in BLOCKED and bool(group.members[0].signature)


def check_split(group: Group, tasks: tuple[str, ...] = ()) -> None:
    """Refuse a split that would leave the group as it is, or that is not about failures."""
    _check(group)
    if tasks:
        known = {item.task for item in group.members}
        odd = next((task for task in tasks if task not in known), None)
        if odd is not None:
            raise BadInput(f"{odd!r} does not have cause {group.cause}", hint="onloop attention names its tasks")
        if len(known) == len(set(tasks)):
            raise BadInput(f"all tasks of cause {group.cause} are named", hint="leave at least one out")
    elif group.text_count < 2:
        raise BadInput(
            f"all failures of cause {group.cause} have the same text",
            hint=f"tell some of its tasks apart: onloop cause split {group.cause} --task TASK; in the Inbox, mark them",
        )


def check_merge(groups: Iterable[Group]) -> None:
    """Refuse to merge what is not about failures, and failures of different reasons."""
    known = list(groups)
    for group in known:
        _check(group)
    odd = next((group for group in known if group.reason is not known[0].reason), None)
    if odd is not None:
        raise BadInput(
            f"cause {odd.cause} is about {odd.reason.value}, and {known[0].cause} about {known[0].reason.value}",
            hint="only failures of one reason can be made one",
        )


def _check(group: Group) -> None:
    if not can_be_regrouped(group):
        raise BadInput(
            f"cause {group.cause} is no failure with a text: {group.headline}",
            hint="only failures can be split or merged; decisions are asked for one by one",
        )


def _item_after(item: AttentionItem, acts: tuple[CauseAct, ...]) -> AttentionItem:
    """The item under the cause that people's acts give it, with those that concern it."""
    cause, done = item.cause, list[CauseAct]()
    for act in acts:
        after = act.cause_after(cause, item.task, item.wording)
        if after != cause or (act.others and act.cause == cause):
            cause = after
            done.append(act)
    return replace(item, cause=cause, acts=tuple(done)) if done else item
