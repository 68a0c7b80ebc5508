"""The closed lists a task's position is described with: states, and why it is not moving (guide `lifecycle`)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """A2A's task states, plus `paused`."""

    SUBMITTED = "submitted"
    WORKING = "working"
    INPUT_REQUIRED = "input_required"
    AUTH_REQUIRED = "auth_required"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"


TERMINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELED, State.REJECTED})
LIVE = frozenset(State) - TERMINAL


class Reason(StrEnum):
    """Why a task is not moving."""

    READY = "ready"
    DEPENDENCY = "dependency"
    RETRY_BACKOFF = "retry_backoff"
    NO_SLOT = "no_slot"
    WAVE_HELD = "wave_held"
    FROZEN = "frozen"
    ELSEWHERE = "elsewhere"
    """Its work is made elsewhere, and the next push to there is waited for."""

    GATES_RUNNING = "gates_running"
    EFFECT_RUNNING = "effect_running"
    CHILDREN_RUNNING = "children_running"
    EXTERNAL = "external"
    SCHEDULED = "scheduled"
    """It stands at a `wait` step, until the time that the step says is over."""
    STALLED = "stalled"
    DISCONNECTED = "disconnected"

    APPROVAL_REQUIRED = "approval_required"
    QUESTION = "question"
    CHOICE = "choice"
    GATE_FAILED = "gate_failed"
    ROUNDS_EXHAUSTED = "rounds_exhausted"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    TIMED_OUT = "timed_out"
    BUDGET_EXHAUSTED = "budget_exhausted"
    CHANGED_SINCE_APPROVAL = "changed_since_approval"
    APPROVED_NOT_CONSUMED = "approved_not_consumed"
    POLICY_VIOLATION = "policy_violation"
    CONFLICT = "conflict"
    HALTED = "halted"

    NO_CREDENTIALS = "no_credentials"

    PAUSED = "paused"
    EXCLUDED = "excluded"

    FAILED = "failed"
    """No task carries it: it is the reason why people are told of a failed task."""

    DENIED = "denied"
    """No task carries it: somebody asked for something that they may not do."""

    ANOMALY = "anomaly"
    """No task carries it: something looks wrong that nobody forbids."""


RESERVED = frozenset(
    {
        Reason.APPROVED_NOT_CONSUMED,
        Reason.NO_CREDENTIALS,
    }
)
"""Reasons that nothing gives a task yet. Their words are kept for it, and everything that shows reasons knows them."""

REASONS: Mapping[State, frozenset[Reason]] = {
    State.SUBMITTED: frozenset(
        {
            Reason.READY,
            Reason.DEPENDENCY,
            Reason.RETRY_BACKOFF,
            Reason.NO_SLOT,
            Reason.WAVE_HELD,
            Reason.FROZEN,
            Reason.ELSEWHERE,
        }
    ),
    State.WORKING: frozenset(
        {
            Reason.GATES_RUNNING,
            Reason.EFFECT_RUNNING,
            Reason.CHILDREN_RUNNING,
            Reason.EXTERNAL,
            Reason.SCHEDULED,
            Reason.STALLED,
            Reason.DISCONNECTED,
        }
    ),
    State.INPUT_REQUIRED: frozenset(
        {
            Reason.APPROVAL_REQUIRED,
            Reason.QUESTION,
            Reason.CHOICE,
            Reason.GATE_FAILED,
            Reason.ROUNDS_EXHAUSTED,
            Reason.ATTEMPTS_EXHAUSTED,
            Reason.TIMED_OUT,
            Reason.BUDGET_EXHAUSTED,
            Reason.CHANGED_SINCE_APPROVAL,
            Reason.APPROVED_NOT_CONSUMED,
            Reason.POLICY_VIOLATION,
            Reason.CONFLICT,
            Reason.HALTED,
        }
    ),
    State.AUTH_REQUIRED: frozenset({Reason.NO_CREDENTIALS}),
    State.PAUSED: frozenset({Reason.PAUSED, Reason.EXCLUDED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELED: frozenset(),
    State.REJECTED: frozenset(),
}
"""Which reasons each state may carry; `working` may also carry none, a terminal state never carries one."""
