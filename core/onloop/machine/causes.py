"""Why a task is given back, and what comes due."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.events import AttemptEnd


class ReleaseCause(StrEnum):
    """Why a worker gives a task back. `stopped` is nobody's fault and counts as no try."""

    CRASHED = "crashed"
    STALLED = "stalled"
    RETURNED = "returned"
    STOPPED = "stopped"

    @property
    def attempt_end(self) -> AttemptEnd | None:
        """How the try ended, or None where it does not count."""
        return None if self is ReleaseCause.STOPPED else AttemptEnd(self.value)


class TimerKind(StrEnum):
    """What comes due."""

    RETRY = "retry"
    TIMEOUT = "timeout"
    LEASE = "lease"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"
