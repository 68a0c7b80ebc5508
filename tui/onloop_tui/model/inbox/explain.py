"""`w`: why a row is here or hidden, what clears it, who can act, and the same on the command line."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.attention.board import Hidden, HowHidden
from onloop.attention.groups import Group, age
from onloop.attention.held_role_items import held_role
from onloop.attention.items import Tier
from onloop.attention.lesson_items import adopt_command, proposed_lesson
from onloop.attention.why import CLEARED_BY, RED_BASE
from onloop.machine.definition import Assurance
from onloop.machine.task import Task
from onloop.times import time_words
from onloop_tui.model.decide.cli_equivalents import row_equivalent
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging
from onloop_tui.model.inbox.order import InboxRow

_TIERS = {
    Tier.SAFETY: "safety, always first",
    Tier.DECISION: "a decision that work waits for",
    Tier.BROKEN: "the machine gave up",
    Tier.STALLED: "stands still",
    Tier.FYI: "for your information",
}
_LABEL = 12
_NO_TASK = "a denied request has no task; . acknowledges it, onloop log house shows when it happened"
_OF_ROLE = "a held role is no task; . acknowledges it, onloop retry --role {role} tries one task of it now"


def why_no_task(group: Group) -> str:
    """Why there is no task of this cause to open or mark, and what would work."""
    role, lesson = held_role(group), proposed_lesson(group)
    if lesson is not None:
        return f"a proposed lesson is no task: {adopt_command(lesson)} has it told"
    return _NO_TASK if role is None else _OF_ROLE.format(role=role)


def explanation(row: InboxRow, task: Task | None, position: int, now: int, width: int) -> tuple[Line, ...]:
    """Why the row is where it is or hidden, what clears it, who can act, and the CLI equivalent."""
    group = row.group
    rows = [
        *(_hiding(row.hidden, now) if row.hidden else [("place", f"{position} in the list. {_order(group, now)}")]),
        ("cleared by", _cleared_by(group)),
        ("who", _who(task)),
        ("elsewhere", row_equivalent(group)),
    ]
    return tuple(
        shown for label, words in rows for shown in hanging((Span(label.ljust(_LABEL), Tone.DIM),), words, width)
    )


def _cleared_by(group: Group) -> str:
    if (lesson := proposed_lesson(group)) is not None:
        return f"an approver adopts or declines it: onloop harness adopt, or drop, {lesson}"
    if group.on_base:
        return RED_BASE.format(task=group.members[0].task)
    return CLEARED_BY.get(group.reason, "retry, reassign, reject or cancel")


def _order(group: Group, now: int) -> str:
    overdue = "a deadline has passed, so it comes before the others of its tier; " if group.is_overdue(now) else ""
    return (
        f"{_TIERS[group.tier]} (tier {group.tier.value}); {overdue}then how many wait for the same cause: "
        f"{len(group.members)}; then the longest wait: {age(now - group.since)}; then the cause's name: {group.cause}"
    )


def _hiding(hidden: Hidden, now: int) -> list[tuple[str, str]]:
    """What hides the row, until when, and how it comes back."""
    count = len(hidden.group.members)
    until = "" if hidden.until is None else f" (in {age(hidden.until - now)}, at {time_words(hidden.until, now)})"
    return [
        ("hidden", f"{hidden.words}; {count} task{'s' if count != 1 else ''} of cause {hidden.group.cause}"),
        ("comes back", f"{_BACK[hidden.how]}{until}"),
    ]


_BACK: Mapping[HowHidden, str] = {
    HowHidden.INHIBITED: "when the stalled task above it moves again; no key lifts this",
    HowHidden.MUTED: "with . or z, which lift the mute for all that it covers, or when it expires",
    HowHidden.SNOOZED: "with . or z, when it becomes more pressing, or when its time is over",
    HowHidden.ACKNOWLEDGED: "with . or z, or when the acknowledgement expires",
}


def _who(task: Task | None) -> str:
    if task is None or not task.requests:
        return "any enrolled person"
    names = sorted({name for request in task.requests for name in request.approvers})
    level = max(request.assurance.value for request in task.requests)
    whom = f"people or groups named {', '.join(names)}" if names else "any enrolled person"
    proof = "" if level == Assurance.A0.value else f", with at least {level} proved"
    return f"{whom}{proof}; never who held the work"
