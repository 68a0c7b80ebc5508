"""How a fleet is divided into waves, when it stops by itself, how much of it runs at once, and what its waves did."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from onloop.machine.gate_kinds import Assurance
from onloop.machine.limits import Id, Items, Number, Range
from onloop.machine.state import Reason
from onloop.records import Record, field

MOST_WAVES = 50
MOST_CAUSES = 20
"""How many causes a report of a wave names; those with the most tasks come first."""

WAVE_GATE = "wave"
"""The gate of the request between two waves."""
HALT_GATE = "halt"
"""The gate of the request by which a person lifts a halt."""

Share = Annotated[int, Range(0, 100)]
Priority = Annotated[int, Range(-1_000, 1_000)]


class HaltRule(Record):
    """When a fleet stops by itself: at `percent` of a wave failed, looked at once `least` of it are judged.

    It stops, too, when `alike` tasks of a wave failed with one cause. 0 is never.
    """

    percent: Share = 0
    least: Number = 1
    alike: Number = 0


class WavePlan(Record):
    """How a fleet is divided: `sizes` is how many of its tasks each wave has, in their order, as the fleet begins.

    With `asks`, a person says between two waves whether the next may begin: one of `approvers`, if any are named.
    Whoever says that, or lifts a halt, proves at least `assurance`.
    """

    sizes: Annotated[tuple[Number, ...], Items(MOST_WAVES)]
    asks: bool = False
    halt: HaltRule = HaltRule()
    approvers: Annotated[tuple[Id, ...], Items(100)] = ()
    assurance: Assurance = Assurance.A0


class SlotLimits(Record):
    """How many tasks of a fleet may be worked on at once for each host of origins, and each owner; 0 is no limit."""

    per_host: Number = 0
    per_owner: Number = 0


class WaveStanding(StrEnum):
    """How a task of a fleet stands towards its wave."""

    HELD = "held"
    """Its wave has not begun, or was halted before anybody worked on it."""
    READY = "ready"
    """Its wave has begun, and nobody has worked on it yet."""
    BEGUN = "begun"
    """It is at risk: begun, and not judged."""
    STOPPED = "stopped"
    """It failed, and a person is asked what now."""
    COMPLETED = "completed"
    LOST = "lost"
    """It ended, and is not done."""
    EXCLUDED = "excluded"
    """A person took it out before it had failed."""
    GIVEN_UP = "given_up"
    """A person took it out after it had failed."""


FAILURES = frozenset(
    {
        Reason.GATE_FAILED,
        Reason.ROUNDS_EXHAUSTED,
        Reason.ATTEMPTS_EXHAUSTED,
        Reason.TIMED_OUT,
        Reason.BUDGET_EXHAUSTED,
        Reason.CHANGED_SINCE_APPROVAL,
        Reason.POLICY_VIOLATION,
        Reason.CONFLICT,
        Reason.HALTED,
    }
)
"""The reasons for which a task has failed while a person is asked what now."""


class Stop(Record):
    """Why a task had failed when a person took it out, or paused it."""

    reason: Reason
    detail: str = ""


class FailedAlike(Record):
    """How many tasks of a wave failed with one cause; `words` say which."""

    cause: str
    count: int
    words: str = ""


class WaveReport(Record):
    """What a wave did: how many of its tasks stand how, how many were retried, and with which causes some failed."""

    wave: int
    held: int = 0
    ready: int = 0
    begun: int = 0
    stopped: int = 0
    completed: int = 0
    lost: int = 0
    excluded: int = 0
    given_up: int = 0
    retried: int = 0
    causes: tuple[FailedAlike, ...] = ()

    @property
    def size(self) -> int:
        """How many tasks the wave has: the base of every share of it."""
        return self.open + self.judged + self.excluded

    @property
    def failed(self) -> int:
        """How many failed; one that was retried and failed again counts once."""
        return self.stopped + self.lost + self.given_up

    @property
    def judged(self) -> int:
        """How many have shown whether the change works there."""
        return self.completed + self.failed

    @property
    def open(self) -> int:
        """How many may still be judged."""
        return self.held + self.ready + self.begun

    @property
    def is_settled(self) -> bool:
        """Whether every task was completed, taken out, or has ended; one that waits or was retried holds it."""
        return self.open == 0 and self.stopped == 0


class Accepted(Record):
    """What a person saw of a wave when they lifted a halt: only what fails beyond that halts it again.

    `looked` says that somebody did.
    """

    looked: bool = False
    failed: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)


class Waves(Record):
    """Where a fleet stands: `current` is the wave that began last (0: none), `total` how many there are.

    `passed` says that it was passed, and the next has not begun; `halted` says why the fleet stands still. `report` is
    what was last recorded of the current wave, and `done` those of the waves before it.
    """

    total: int
    current: int = 0
    passed: bool = False
    halted: str = ""
    report: WaveReport | None = None
    accepted: Accepted = Accepted()
    done: tuple[WaveReport, ...] = ()
    lifted: int = 0
