"""Attention groups: all items with the same cause are one row, however many repositories share it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onloop.attention.items import Item, Tier
from onloop.machine.state import Reason

HEADLINES: Mapping[Reason, str] = {
    Reason.APPROVAL_REQUIRED: "approve {gate} at {step}",
    Reason.QUESTION: "a question at {step}",
    Reason.CHOICE: "a choice at {step}",
    Reason.GATE_FAILED: "a gate of {step} cannot be answered",
    Reason.ROUNDS_EXHAUSTED: "gates of {step} keep failing",
    Reason.ATTEMPTS_EXHAUSTED: "attempts at {step} are spent",
    Reason.TIMED_OUT: "{step} takes too long",
    Reason.BUDGET_EXHAUSTED: "the budget of {step} is spent",
    Reason.CHANGED_SINCE_APPROVAL: "changed since it was approved",
    Reason.APPROVED_NOT_CONSUMED: "approved, and nothing came of it",
    Reason.POLICY_VIOLATION: "a policy forbids {step}",
    Reason.CONFLICT: "a conflict with the target branch",
    Reason.HALTED: "held at {step}",
    Reason.NO_CREDENTIALS: "credentials are missing for {step}",
}
"""What a row says, by reason."""


@dataclass(frozen=True, slots=True)
class Group:
    """All items with one cause; `since` is the oldest of them, in ms."""

    cause: str
    reason: Reason
    tier: Tier
    workflow: str
    step: str
    gate: str | None
    headline: str
    detail: str
    since: int
    members: tuple[Item, ...]

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Tier, then how many wait (in doublings, so that it does not flap), then the longest wait, then the cause."""
        return (self.tier, -len(self.members).bit_length(), self.since, self.cause)

    def why(self, now: int) -> str:
        """The place in the queue, in words."""
        count = len(self.members)
        return f"tier {self.tier.value} {self.tier.name.lower()} · {count} waiting · longest {age(now - self.since)}"


def groups_of(items: Iterable[Item]) -> tuple[Group, ...]:
    """One group per cause, most pressing first."""
    by_cause: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_cause[item.cause].append(item)
    return tuple(sorted((_group(members) for members in by_cause.values()), key=lambda group: group.order))


def _group(members: list[Item]) -> Group:
    ordered = tuple(sorted(members, key=lambda item: (item.since, item.task)))
    first = ordered[0]
    return Group(
        cause=first.cause,
        reason=first.reason,
        tier=first.tier,
        workflow=first.workflow,
        step=first.step,
        gate=first.gate,
        headline=HEADLINES[first.reason].format(gate=first.gate or "it", step=first.step),
        detail=first.detail if first.signature else "",
        since=first.since,
        members=ordered,
    )


def age(elapsed_ms: int) -> str:
    """A duration for people, in its two largest units: `40s`, `3m`, `2h10m`, `3d4h`."""
    seconds = max(0, elapsed_ms) // 1000
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, days = minutes // 60, minutes // 1440
    return f"{hours}h{minutes % 60:02}m" if hours < 24 else f"{days}d{hours % 24}h"
