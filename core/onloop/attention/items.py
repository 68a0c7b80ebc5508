"""Attention items: each fact that needs a person, derived from a task by rule and never by guessing at text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from onloop.attention.fingerprint import fingerprint, signature
from onloop.machine.state import Reason, State
from onloop.machine.task import Task


class Tier(IntEnum):
    """How pressing a kind of item is; lower comes first."""

    SAFETY = 0
    DECISION = 1
    BROKEN = 2
    STALLED = 3


TIERS: Mapping[Reason, Tier] = {
    Reason.POLICY_VIOLATION: Tier.SAFETY,
    Reason.CHANGED_SINCE_APPROVAL: Tier.SAFETY,
    Reason.APPROVAL_REQUIRED: Tier.DECISION,
    Reason.QUESTION: Tier.DECISION,
    Reason.CHOICE: Tier.DECISION,
    Reason.NO_CREDENTIALS: Tier.DECISION,
    Reason.APPROVED_NOT_CONSUMED: Tier.DECISION,
    Reason.GATE_FAILED: Tier.BROKEN,
    Reason.ROUNDS_EXHAUSTED: Tier.BROKEN,
    Reason.ATTEMPTS_EXHAUSTED: Tier.BROKEN,
    Reason.TIMED_OUT: Tier.BROKEN,
    Reason.BUDGET_EXHAUSTED: Tier.BROKEN,
    Reason.CONFLICT: Tier.BROKEN,
    Reason.HALTED: Tier.STALLED,
}
"""Every reason for which a person must act."""

_SAME_WORDS = frozenset({Reason.APPROVAL_REQUIRED})
"""Reasons whose cause is the gate itself; their details name commits, which differ for every task."""


@dataclass(frozen=True, slots=True)
class Item:
    """One task that needs a person: why, since when (ms), and the cause it shares with others."""

    task: str
    run: str
    repo: str | None
    title: str
    workflow: str
    step: str
    reason: Reason
    tier: Tier
    gate: str | None
    detail: str
    signature: str
    cause: str
    since: int
    version: int
    requests: tuple[str, ...]


def item_of(task: Task) -> Item | None:
    """The attention item of a task; None while it needs nobody."""
    if task.state not in {State.INPUT_REQUIRED, State.AUTH_REQUIRED} or task.reason is None:
        return None
    asked = task.requests[0] if task.requests else None
    gate = asked.gate if asked else None
    words = "" if task.reason in _SAME_WORDS else signature(task.detail)
    step = task.step or ""
    return Item(
        task=task.id,
        run=task.run,
        repo=task.repo,
        title=task.title,
        workflow=task.workflow,
        step=step,
        reason=task.reason,
        tier=TIERS[task.reason],
        gate=gate,
        detail=task.detail,
        signature=words,
        cause=fingerprint(task.reason.value, gate or "", step, words, task.workflow, task.definition),
        since=task.since,
        version=task.version,
        requests=tuple(request.id for request in task.requests),
    )
