"""Why a try ended, a task is given back or an effect did not happen, and what comes due."""

from __future__ import annotations

from enum import StrEnum


class AttemptEnd(StrEnum):
    """How a try at a step ended without its gates passing."""

    CRASHED = "crashed"
    STALLED = "stalled"
    RETURNED = "returned"
    GAVE_UP = "gave_up"
    TIMED_OUT = "timed_out"
    LEASE_EXPIRED = "lease_expired"


class EffectProblem(StrEnum):
    """Why an effect did not happen."""

    CONFLICT = "conflict"
    GATE_FAILED = "gate_failed"
    CHANGED = "changed"
    ERROR = "error"
    UNCLONABLE = "unclonable"
    FLAGGED = "flagged"
    REFUSED = "refused"
    """The forge's own rules, or the rights of our token, do not allow it."""
    CLOSED = "closed"
    """People closed the pull request without merging it."""
    RUN_FAILED = "run_failed"
    """What was dispatched ran, and did not succeed."""


class ReleaseCause(StrEnum):
    """Why a worker gives a task back. The last three do not count as a try."""

    CRASHED = "crashed"
    STALLED = "stalled"
    RETURNED = "returned"
    STOPPED = "stopped"
    UNAVAILABLE = "unavailable"
    """Something outside of the agent failed."""
    NOT_NOW = "not_now"
    """The agent says that it cannot work before some time."""

    @property
    def attempt_end(self) -> AttemptEnd | None:
        """How the try ended, or None where it does not count."""
        counts_not = {ReleaseCause.STOPPED, ReleaseCause.UNAVAILABLE, ReleaseCause.NOT_NOW}
        return None if self in counts_not else AttemptEnd(self.value)


class TimerKind(StrEnum):
    """What comes due."""

    RETRY = "retry"
    TIMEOUT = "timeout"
    LEASE = "lease"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"
