"""`w`: why a row is here, what makes it go, who can act, and how to do it without the dashboard."""

from __future__ import annotations

from onloop.attention.groups import Group, age
from onloop.attention.items import Item, Tier
from onloop.machine.definition import Assurance
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop_tui.model.lines import Line, Span, Tone, hanging
from onloop_tui.model.sentences import CLEARED_BY

_TIERS = {
    Tier.SAFETY: "safety, always first",
    Tier.DECISION: "a decision that work waits for",
    Tier.BROKEN: "the machine gave up",
    Tier.STALLED: "stands still",
}
_TWINS = {
    Reason.APPROVAL_REQUIRED: 'onloop approve {task}   or   onloop reject {task} --reason "…"',
    Reason.QUESTION: 'onloop answer {task} "…"',
}
_TWIN = 'onloop retry {task} --note "…"   or   onloop reassign {task} --to WHO --reason "…"'
_LABEL = 12


def explanation(group: Group, member: Item, task: Task | None, position: int, now: int, width: int) -> tuple[Line, ...]:
    """The order tuple in words, what clears it, who can act, and the CLI's twin."""
    count = len(group.members)
    order = (
        f"{_TIERS[group.tier]} (tier {group.tier.value}); then how many wait for the same cause: {count}; "
        f"then the longest wait: {age(now - group.since)}; then the cause's name: {group.cause}"
    )
    told = [
        ("place", f"{position} in the list. {order}"),
        ("cleared by", CLEARED_BY.get(group.reason, "retry, reassign, reject or cancel")),
        ("who", _who(task)),
        ("elsewhere", _TWINS.get(group.reason, _TWIN).format(task=member.task)),
    ]
    return tuple(
        shown for label, words in told for shown in hanging((Span(label.ljust(_LABEL), Tone.DIM),), words, width)
    )


def _who(task: Task | None) -> str:
    if task is None or not task.requests:
        return "any enrolled person"
    names = sorted({name for request in task.requests for name in request.approvers})
    level = max(request.assurance.value for request in task.requests)
    whom = f"people in or called {', '.join(names)}" if names else "any enrolled person"
    proof = "" if level == Assurance.A0.value else f", with at least {level} proved"
    return f"{whom}{proof}; never who wrote the commits or held the work"
