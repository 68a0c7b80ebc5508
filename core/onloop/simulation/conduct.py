"""How simulated agents, gates, effects and people behave: how long they take, and how often they fail, and why."""

from __future__ import annotations

import math
from random import Random

from onloop.records import Record

_P90 = 1.2815515655446004
"""Where a normal distribution has nine tenths below, in standard deviations."""


class TimeSpan(Record):
    """How long something takes (ms): half of the times at most `p50`, nine of ten at most `p90`; log-normal."""

    p50: int
    p90: int

    def sample(self, chance: Random) -> int:
        """One time, at least 1 ms and at most fifty times the median."""
        spread = math.log(max(self.p90, self.p50) / self.p50) / _P90
        found = self.p50 * math.exp(spread * chance.gauss(0.0, 1.0))
        return max(1, min(int(found), self.p50 * 50))


class Cause(Record):
    """Something that is wrong with a share of the repositories, so that their work fails `gate` with these words.

    Shares are in thousandths: of repositories, of rounds in which an agent mends it, and of people who mend it before
    they have work tried again. An empty gate is the first that runs a command.
    """

    name: str
    share: int
    words: str
    gate: str = ""
    mended: int = 0
    mended_by_people: int = 700


class AgentConduct(Record):
    """What agents do with a step. Shares are in thousandths of the tries at a step.

    Who crashes says so to the gateway; who vanishes is killed with its worker, and its lease runs out.
    """

    work: TimeSpan = TimeSpan(480_000, 1_500_000)
    crashes: int = 20
    vanishes: int = 5
    asks: int = 15
    gives_up: int = 5
    fails_review: int = 120


class GateConduct(Record):
    """How long gates run, and how often one fails for no lasting cause, or cannot be run; shares in thousandths."""

    time: TimeSpan = TimeSpan(45_000, 180_000)
    fails: int = 100
    errors: int = 3


class EffectConduct(Record):
    """How long merges take, and how often they conflict, in thousandths."""

    time: TimeSpan = TimeSpan(8_000, 30_000)
    conflicts: int = 20


class PeopleConduct(Record):
    """How many decide, how soon they look, how long one decision takes, and what they say; shares in thousandths.

    Who does not have a blocked task tried again gives it up. `day` is from when to when they look (ms after midnight
    UTC), all day where both are equal.
    """

    count: int = 2
    notice: TimeSpan = TimeSpan(600_000, 5_400_000)
    decide: TimeSpan = TimeSpan(60_000, 300_000)
    rejects: int = 60
    retries: int = 850
    day: tuple[int, int] = (0, 0)


COMMON_CAUSES = (
    Cause("missing dependency", 40, "ModuleNotFoundError: No module named 'legacy_client'", mended=600),
    Cause("removed call", 60, "AttributeError: 'Session' object has no attribute 'mount_all'", mended=750),
    Cause("flaky network test", 30, "ConnectionResetError: [Errno 104] Connection reset by peer", mended=500),
    Cause("no tests", 15, "0 tests ran, and at least 1 must", mended=250),
    Cause("old compiler", 10, "error: 'std::format' is not a member of 'std'", mended=0),
    Cause("licence check", 8, "licence of libfoo 2.1 is not on the list", mended=0),
)


class Conduct(Record):
    """All of it. `seed` and a conduct are all that a simulation depends on, beside its plan."""

    agents: AgentConduct = AgentConduct()
    gates: GateConduct = GateConduct()
    effects: EffectConduct = EffectConduct()
    people: PeopleConduct = PeopleConduct()
    causes: tuple[Cause, ...] = COMMON_CAUSES


def happens(chance: Random, share: int) -> bool:
    """Whether something happens that does so in `share` of a thousand cases."""
    return chance.random() * 1000 < share
