"""What `onloop loop` prints with `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.insight.measures.loop_figures import FindingKind
from onloop.insight.measures.samples import SizeClass
from onloop.records import Record


class SpreadJson(Record):
    """A median, and of how many; none where nothing was seen."""

    median: Annotated[int | None, Meta(description="Times are in milliseconds.")]
    count: int


class NamedSpreadJson(Record):
    """How long completed tasks spent with something: those that spent any."""

    name: str
    spent: SpreadJson


class SizedSpreadJson(Record):
    """How long decisions about changes of one size took."""

    size: SizeClass
    waited: SpreadJson


class HumanGateJson(Record):
    """A gate of people: asked is the sum of approved, rejected, withdrawn and open."""

    workflow: str
    step: str
    gate: str
    asked: int
    approved: int
    rejected: int
    withdrawn: Annotated[int, Meta(description="Requests that ended without a decision.")]
    open: int
    unchanged: Annotated[int, Meta(description="Approved, and never sent back at this gate before.")]
    reversed: Annotated[int, Meta(description="Approved, and had to be done again or was given up later.")]
    unread: Annotated[int, Meta(description="Decisions that left less time than skimming the change takes.")]
    measured: Annotated[int, Meta(description="Decisions whose time was compared so.")]
    waited: SpreadJson
    by_size: Sequence[SizedSpreadJson]


class JudgingGateJson(Record):
    """A machine gate: runs is the sum of passed, failed, timed_out and errors."""

    workflow: str
    step: str
    gate: str
    runs: int
    passed: int
    failed: int
    timed_out: int
    errors: int
    works: Annotated[int, Meta(description="Different works that it judged.")]
    twice: Annotated[int, Meta(description="Works that it judged more than once.")]
    disagreed: Annotated[int, Meta(description="Of these, works that got different verdicts.")]
    took: SpreadJson


class CallCountJson(Record):
    """What people were asked, by kind of request: asked is the sum of the others."""

    kind: str
    asked: int
    decided: int
    ended_alone: Annotated[int, Meta(description="Ended before anybody acted.")]
    ended_by_people: Annotated[int, Meta(description="Ended by another act of a person.")]
    expired: int
    open: int


class IdleCallJson(Record):
    """What people were called for although it ended without them."""

    workflow: str
    step: str
    gate: str
    kind: str
    why: Annotated[str, Meta(description="How it ended.")]
    count: int
    waited: SpreadJson
    example: Annotated[str, Meta(description="A task to which it happened.")]


class LoopFindingJson(Record):
    """Something that deserves a look."""

    kind: FindingKind
    workflow: str
    step: str
    gate: str
    words: Annotated[str, Meta(description="The figures that say so.")]


class LoopTouchesJson(Record):
    """How often people acted on tasks that ended."""

    ended: int
    completed: int
    touches: int
    untouched: Annotated[int, Meta(description="Tasks that needed nobody.")]
    median: SpreadJson
    of_fleets: Annotated[int, Meta(description="Acts on fleets as a whole.")]


class AutonomyJson(Record):
    """Of the merged changes whose whole history was seen, how many no person pushed to."""

    merged: int
    seen: int
    alone: int
    share: Annotated[float | None, Meta(description="alone of seen; none where nothing was seen.")]


class WeekJson(Record):
    """One week, from its Monday, UTC."""

    begins: AtMs
    ended: int
    completed: int
    touches: Annotated[int, Meta(description="On the tasks that ended in it.")]
    decided: int
    rejected: int
    idle_calls: int
    merged: int
    seen: int
    alone: int
    whole: SpreadJson


class LoopJson(Record):
    """How far off the loop the people are."""

    since: Annotated[int | None, Meta(description="Milliseconds since the epoch, UTC; none: from the first event.")]
    until: AtMs
    first_at: Annotated[int | None, Meta(description="When the first event was recorded that was read (ms).")]
    events: int
    live: Annotated[int, Meta(description="Tasks that have not ended.")]
    touches: LoopTouchesJson
    autonomy: AutonomyJson
    whole: Annotated[SpreadJson, Meta(description="From the beginning of completed tasks to their end.")]
    phases: Sequence[NamedSpreadJson]
    times: Sequence[NamedSpreadJson]
    human_gates: Sequence[HumanGateJson]
    machine_gates: Sequence[JudgingGateJson]
    calls: Sequence[CallCountJson]
    idle_calls: Sequence[IdleCallJson]
    findings: Sequence[LoopFindingJson]
    weeks: Sequence[WeekJson]
