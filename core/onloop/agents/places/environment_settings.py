"""What a worker gives its agents: where each works, what it may reach, and how long an environment is kept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from onloop.environments.port import EnvironmentLimits, Offer
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import Record

KEEP_MS = 15 * 60_000
MOST_WARM = 20


class Reuse(StrEnum):
    """For what an environment is used again, beside the rounds of one agent."""

    NEVER = "never"
    TASK = "task"
    """For the next attempt at the same task, or its next step."""
    RUN = "run"
    """For other tasks of the same run, one after the other."""


class EnvironmentSettings(Record):
    """`offer` is None where nobody said: agents then work in a clone, as they always did, and nothing is attested.

    `warm` environments are made ahead of time; one that is kept for another use is removed after `keep_ms`.
    """

    offer: Offer | None = None
    reach: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    reuse: Reuse = Reuse.TASK
    warm: int = 0
    keep_ms: int = KEEP_MS
    limits: EnvironmentLimits = EnvironmentLimits()

    @property
    def is_enclosed(self) -> bool:
        """Whether agents work in something that has to be made and removed."""
        return self.offer is not None and self.offer.kind not in {EnvironmentKind.NONE, EnvironmentKind.CLONE}
