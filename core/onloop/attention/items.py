"""Attention items: each fact that needs a person, derived from a task by rules, never by guessing from text.

A trouble that outlasts patience is told although nothing is asked: the task goes on by itself when it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from hashlib import sha256

from onloop.attention.fingerprint import fingerprint, signature, wording
from onloop.attention.viewer import UNTIED, Ties, ties_of
from onloop.machine.commands import TimerKind
from onloop.machine.definition import Definition
from onloop.machine.digest import canonical
from onloop.machine.organization_policies import OF_POLICIES
from onloop.machine.people import is_of_people
from onloop.machine.regrouping import CauseAct
from onloop.machine.rules.looking_first import is_held_by_base
from onloop.machine.rules.timers import armed_timers
from onloop.machine.setbacks import Setback
from onloop.machine.state import Reason, State
from onloop.machine.task import Handed, Kind, Request, RequestKind, Task
from onloop.records import Record, replace


class Tier(IntEnum):
    """How urgent a kind of item is; lower comes first."""

    SAFETY = 0
    DECISION = 1
    BROKEN = 2
    STALLED = 3
    FYI = 5


TIERS: Mapping[Reason, Tier] = {
    Reason.POLICY_VIOLATION: Tier.SAFETY,
    Reason.CHANGED_SINCE_APPROVAL: Tier.SAFETY,
    Reason.DENIED: Tier.SAFETY,
    Reason.ANOMALY: Tier.SAFETY,
    Reason.APPROVAL_REQUIRED: Tier.DECISION,
    Reason.QUESTION: Tier.DECISION,
    Reason.CHOICE: Tier.DECISION,
    Reason.NO_CREDENTIALS: Tier.DECISION,
    Reason.READY: Tier.DECISION,
    Reason.APPROVED_NOT_CONSUMED: Tier.DECISION,
    Reason.GATE_FAILED: Tier.BROKEN,
    Reason.ROUNDS_EXHAUSTED: Tier.BROKEN,
    Reason.ATTEMPTS_EXHAUSTED: Tier.BROKEN,
    Reason.TIMED_OUT: Tier.BROKEN,
    Reason.BUDGET_EXHAUSTED: Tier.BROKEN,
    Reason.CONFLICT: Tier.BROKEN,
    Reason.HALTED: Tier.STALLED,
    Reason.EXTERNAL: Tier.STALLED,
    Reason.STALLED: Tier.STALLED,
    Reason.DISCONNECTED: Tier.STALLED,
    Reason.FAILED: Tier.FYI,
}
"""Every reason for which a person must act or look."""

BLOCKED = frozenset({Tier.BROKEN, Tier.STALLED, Tier.FYI})
"""The tiers of what has failed or does not go on."""

_IDLE = frozenset({Reason.STALLED, Reason.DISCONNECTED})
_SAME_WORDS = frozenset({Reason.APPROVAL_REQUIRED, Reason.READY, Reason.POLICY_VIOLATION}) | _IDLE
"""Reasons whose cause is the gate or the step itself; their details name commits, which differ for every task."""

_CLOCKS = frozenset({TimerKind.REMIND, TimerKind.ESCALATE, TimerKind.EXPIRE})


class AttentionItem(Record):
    """One task that needs a person: why, since when (ms), and the cause it shares with others.

    `clock` (ms) is when people are reminded, when others are asked, or when the request expires, whichever comes
    first. It is in the past if people have already been reminded of the request; None if no clock runs.
    """

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
    parent: str | None = None
    clock: int | None = None
    on_base: bool = False
    """Whether gates fail before any agent has started."""
    content: str = ""
    """The digest of what is asked to be approved, whatever the commits; empty where nothing is, or it is not known."""
    wording: str = ""
    """Its text without what changes from run to run: different ones may share a cause."""
    acts: tuple[CauseAct, ...] = ()
    """What people did that gave it its cause; without any, the fingerprint did."""
    ties: Ties = UNTIED
    """What ties people to it."""
    whose: str = ""
    """Whose it is, where somebody said so: a person's or a group's id. It says nothing about who may decide."""
    handed: Handed | None = None
    """How the request became theirs."""


_BY_ITSELF = _IDLE | {Reason.EXTERNAL}
"""Reasons that end without a person: an agent or the machine is waited for."""


def needs_person(item: AttentionItem) -> bool:
    """Whether a person must act: not where an agent or the machine is waited for, nor where all is over."""
    return item.reason not in _BY_ITSELF and item.tier is not Tier.FYI


def item_of(task: Task, definition: Definition | None = None) -> AttentionItem | None:
    """The attention item of a task; None if it needs nobody. Its clock is set only if `definition` is given."""
    if task.kind is Kind.FLEET and task.state is not State.INPUT_REQUIRED:
        return None  # it is shown by its tasks
    if task.state is State.FAILED:
        return _item(task, Reason.FAILED, None)
    if task.setback is not None and task.setback.told and task.state in {State.SUBMITTED, State.WORKING}:
        return _trouble_item(task, task.setback)
    if is_work_for_people(task):
        return _item(task, Reason.READY, None)
    if task.state not in {State.INPUT_REQUIRED, State.AUTH_REQUIRED} or task.reason is None:
        return None
    return _item(task, task.reason, _clock(task, definition))


def is_work_for_people(task: Task) -> bool:
    """Whether the task waits for a person or a group to take it, as somebody gave it to them."""
    return task.state is State.SUBMITTED and is_of_people(task.wanted or "")


def idle_item(task: Task, reason: Reason, since: int) -> AttentionItem:
    """The item of a task whose agent is `stalled` or `disconnected` since then (ms). It is not recorded anywhere."""
    return replace(_item(task, reason, None), since=since)


def _trouble_item(task: Task, setback: Setback) -> AttentionItem:
    """The item of a task that a trouble keeps from going on: its cause is the trouble, whatever the step."""
    words = signature(setback.words)
    return replace(
        _item(task, Reason.EXTERNAL, None),
        detail=setback.words,
        signature=words,
        wording=wording(setback.words),
        cause=fingerprint(Reason.EXTERNAL.value, setback.trouble.value, words),
        since=setback.since,
    )


def _item(task: Task, reason: Reason, clock: int | None) -> AttentionItem:
    asked = task.requests[0] if task.requests else None
    gate = asked.gate if asked else None
    detail = "" if reason in _IDLE else task.detail
    words = "" if reason in _SAME_WORDS else signature(detail)
    step = task.step or ""
    handed = next((request.handed for request in task.requests if request.handed is not None), None)
    whose = handed.to if handed is not None else (task.owner or "") * is_work_for_people(task)
    content = content_of(task) if reason is Reason.APPROVAL_REQUIRED else ""
    fleet = task.id * (task.kind is Kind.FLEET)  # what is asked about a whole fleet is asked about that fleet alone
    own = filter(None, (content, whose, fleet))
    shared = (reason.value, gate or "", step, words, task.workflow, task.definition, *own)
    if reason is Reason.POLICY_VIOLATION and (gate or "").startswith(OF_POLICIES):
        shared = (reason.value, gate or "", *own)  # one cause, whatever the workflow
    return AttentionItem(
        task=task.id,
        run=task.run,
        repo=task.repo,
        title=task.title,
        workflow=task.workflow,
        step=step,
        reason=reason,
        tier=TIERS[reason],
        gate=gate,
        detail=detail,
        signature=words,
        cause=fingerprint(*shared),
        since=task.since,
        version=task.version,
        requests=tuple(request.id for request in task.requests),
        parent=task.parent,
        clock=clock,
        on_base=is_held_by_base(task),
        content=content,
        whose=whose,
        handed=handed,
        wording=wording(detail) if words else "",
        ties=ties_of(task),
    )


NO_CHANGE = sha256(b"").hexdigest()
"""The digest of a change that changes nothing."""


def content_of(task: Task) -> str:
    """The digest of what is submitted, whatever its commits: equal ones change the same.

    Where nothing changes, what was handed over is compared. Empty where nothing is submitted, and in logs of before
    that was recorded.
    """
    submission = task.submission
    if submission is None or submission.change != NO_CHANGE:
        return submission.change if submission is not None else ""
    handed = sorted((each.name, each.digest) for each in submission.artefacts)
    return sha256(canonical([submission.change, *(word for pair in handed for word in pair)])).hexdigest()


def _clock(task: Task, definition: Definition | None) -> int | None:
    asked = [request for request in task.requests if request.kind is RequestKind.APPROVAL]
    rung = [request.opened_at for request in asked if _has_rung(request)]
    if rung or definition is None or not asked:
        return min(rung, default=None)
    return min((timer.at for timer in armed_timers(definition, task) if timer.kind in _CLOCKS), default=None)


def _has_rung(request: Request) -> bool:
    return request.escalated or request.reminders > 0
