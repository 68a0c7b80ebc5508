"""The figures of the loop as records: what views and verbs show. What was not seen is None, never zero."""

from __future__ import annotations

from enum import StrEnum

from onloop.insight.measures.samples import SizeClass, Spread
from onloop.records import Record


class GateName(Record):
    """A gate of a step of a workflow; a request without a gate is named by what is asked."""

    workflow: str
    step: str
    gate: str

    @property
    def words(self) -> str:
        """Its name in one line."""
        return f"{self.step}/{self.gate} · {self.workflow}"


class SizedSpread(Record):
    """How long people took to decide about changes of one size."""

    size: SizeClass
    waited: Spread


class PeopleGate(Record):
    """What was asked at a gate of people, and what came of it; `asked` is the sum of the four after it.

    Of the approved ones, `unchanged` had never been sent back at this gate, and `reversed` had to be done again or were
    given up later. `unread` of `measured` decisions left less time than skimming what they were about takes.
    """

    gate: GateName
    asked: int = 0
    approved: int = 0
    rejected: int = 0
    withdrawn: int = 0
    open: int = 0
    unchanged: int = 0
    reversed: int = 0
    unread: int = 0
    measured: int = 0
    waited: Spread = Spread()
    by_size: tuple[SizedSpread, ...] = ()

    @property
    def decided(self) -> int:
        """How many of them people decided."""
        return self.approved + self.rejected


class JudgingGate(Record):
    """What a machine gate said; `runs` is the sum of the four after it, and `works` how many different works it saw.

    `twice` of them it judged more than once, and of these `disagreed` got different verdicts.
    """

    gate: GateName
    runs: int = 0
    passed: int = 0
    failed: int = 0
    timed_out: int = 0
    errors: int = 0
    works: int = 0
    twice: int = 0
    disagreed: int = 0
    took: Spread = Spread()


class IdleCall(Record):
    """What people were called for although it ended without them: how often, and how long it had been open."""

    gate: GateName
    kind: str
    why: str
    count: int
    waited: Spread
    example: str


class CallCount(Record):
    """What people were asked, by kind: `asked` is the sum of the others."""

    kind: str
    asked: int = 0
    decided: int = 0
    ended_alone: int = 0
    ended_by_people: int = 0
    expired: int = 0
    open: int = 0


class HookRefusal(Record):
    """What hooks kept agents from, as the agents' own processes told: how often, and of how many tasks."""

    tried: str
    count: int
    tasks: int


class FindingKind(StrEnum):
    """What of the loop deserves a look."""

    RUBBER_STAMP = "rubber_stamp"
    NEVER_FAILS = "never_fails"
    FLAKY = "flaky"
    IDLE_CALL = "idle_call"


class LoopFinding(Record):
    """Something that deserves a look, and the figures that say so."""

    kind: FindingKind
    gate: GateName
    words: str


class Autonomy(Record):
    """Of the merged changes whose whole history was seen, how many no person pushed to."""

    merged: int = 0
    seen: int = 0
    alone: int = 0


class Touches(Record):
    """How often people acted on tasks that ended: in all, the median task, and how many needed nobody."""

    ended: int = 0
    completed: int = 0
    touches: int = 0
    untouched: int = 0
    median: Spread = Spread()
    of_fleets: int = 0
    """Acts on fleets as a whole, which count for no task."""


class ChangeCost(Record):
    """What merged changes of a size took, as agents told it; of all sizes where there is none.

    `partly` counts those of which agents told something, but not of every claim: their figures are the least.
    """

    size: SizeClass | None
    merged: int = 0
    partly: int = 0
    micro_usd: Spread = Spread()
    tokens: Spread = Spread()


class NamedSpread(Record):
    """How long completed tasks spent with something, in ms: those that spent any."""

    name: str
    spent: Spread


class Week(Record):
    """One week, from its Monday (UTC, ms)."""

    begins: int
    ended: int = 0
    completed: int = 0
    touches: int = 0
    decided: int = 0
    rejected: int = 0
    idle_calls: int = 0
    merged: int = 0
    seen: int = 0
    alone: int = 0
    whole: Spread = Spread()


class LoopFigures(Record):
    """How far off the loop the people are, between two times (ms): `since` None is from the first event on.

    `events` is how many were read, and `last` the place of the last of them in the log.
    """

    since: int | None
    until: int
    touches: Touches = Touches()
    autonomy: Autonomy = Autonomy()
    human_gates: tuple[PeopleGate, ...] = ()
    machine_gates: tuple[JudgingGate, ...] = ()
    calls: tuple[CallCount, ...] = ()
    idle_calls: tuple[IdleCall, ...] = ()
    hook_refusals: tuple[HookRefusal, ...] = ()
    findings: tuple[LoopFinding, ...] = ()
    phases: tuple[NamedSpread, ...] = ()
    times: tuple[NamedSpread, ...] = ()
    whole: Spread = Spread()
    weeks: tuple[Week, ...] = ()
    costs: tuple[ChangeCost, ...] = ()
    live: int = 0
    events: int = 0
    first_at: int | None = None
    last: int = 0
