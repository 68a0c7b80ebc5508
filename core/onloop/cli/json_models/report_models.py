"""What `onloop report` and `onloop loop` print with `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.insight.measures.loop_figures import FindingKind
from onloop.insight.measures.samples import SizeClass
from onloop.machine.state import Reason, State
from onloop.records import Record
from onloop.views.reporting.fleet_class import FleetClass
from onloop.views.reporting.wave_lines import WaveState

Ms = Annotated[int, Meta(description="Milliseconds.")]


class OpenCountJson(Record):
    """How many tasks were open at a time."""

    at: AtMs
    open: int
    held: Annotated[bool, Meta(description="Whether the run stood still since the point before.")]


class HoldJson(Record):
    """A time in which the run stood still."""

    since: AtMs
    until: Annotated[int | None, Meta(description="Milliseconds since the epoch, UTC; none while it lasts.")]
    why: str


class PaceJson(Record):
    """How fast the run is, and how long the rest may take; time in which it stood still does not count."""

    finished: Annotated[int, Meta(description="How many tasks were completed.")]
    per_hour: Annotated[float | None, Meta(description="How many of the last ones were completed in an hour.")]
    at_once: Annotated[int, Meta(description="How many were at work at a time lately.")]
    left: Annotated[int, Meta(description="How many go on without a person.")]
    p50_ms: Annotated[int | None, Meta(description="Half of the trials took no longer (ms).")]
    p90_ms: Annotated[int | None, Meta(description="Nine in ten trials took no longer (ms).")]
    why_not: Annotated[str, Meta(description="Why there is no estimate; empty where there is one.")]


class CauseLineJson(Record):
    """A cause for which tasks of the run need somebody."""

    cause: str
    reason: Reason
    counted_as: FleetClass
    headline: str
    detail: Annotated[str, Meta(description="Untrusted: what failed, in its own words.")]
    tasks: int
    since: AtMs
    named: Annotated[Sequence[str], Meta(description="Untrusted: the first repositories or titles.")]
    regrouped: Annotated[bool, Meta(description="Whether people put it together or told it apart.")]


class StepTimeJson(Record):
    """How long a task stood at a step."""

    step: str
    ms: Ms
    visits: int


class DecisionLineJson(Record):
    """What a person decided."""

    at: AtMs
    who: str
    what: str
    about: str
    words: Annotated[str, Meta(description="What they said.")]


class EffectLineJson(Record):
    """What was changed in the world outside."""

    at: AtMs
    kind: str
    target: str
    commit: str


class WaveLineJson(Record):
    """A wave of a fleet."""

    wave: int
    state: WaveState
    tasks: int
    completed: int
    failed: Annotated[int, Meta(description="One that was retried and failed again counts once.")]
    at_work: int
    ready: int
    held: int
    taken_out: int
    retried: int
    began: int | None
    passed: int | None


class TaskLineJson(Record):
    """One task of the run."""

    task: str
    parent: str | None
    repo: str | None
    title: Annotated[str, Meta(description="Untrusted.")]
    target: str
    counted_as: FleetClass
    cause: str
    state: State
    reason: Reason | None
    detail: Annotated[str, Meta(description="Untrusted.")]
    step: str | None
    attempts: Annotated[int, Meta(description="How often it was claimed.")]
    rounds: Annotated[int, Meta(description="How often gates sent it back to its agent.")]
    created: AtMs
    begun: int | None
    ended: int | None
    work_ms: Annotated[int, Meta(description="How long somebody was at it while the run did not stand still.")]
    commit: str
    wave: Annotated[int, Meta(description="The wave of a fleet that it is in; 0 where there are none.")]
    steps: Sequence[StepTimeJson]
    bypasses: Annotated[Sequence[DecisionLineJson], Meta(description="Gates that people let it past.")]
    decisions: Sequence[DecisionLineJson]
    effects: Sequence[EffectLineJson]


class ReportJson(Record):
    """The report of a run."""

    run: str
    title: Annotated[str, Meta(description="Untrusted.")]
    workflow: str
    definition: str
    sponsor: str
    state: State
    reason: Reason | None
    detail: str
    at: AtMs
    began: AtMs
    ended: int | None
    counts: Annotated[Mapping[FleetClass, int], Meta(description="Every task is in one class: they add up to `total`.")]
    total: int
    blocked_causes: int
    asked: Annotated[Sequence[str], Meta(description="What the fleet itself asks of people.")]
    pace: PaceJson
    burndown: Sequence[OpenCountJson]
    stood_still: Sequence[HoldJson]
    decisions: Annotated[Sequence[DecisionLineJson], Meta(description="What was decided about a fleet as a whole.")]
    waves: Sequence[WaveLineJson]
    causes: Sequence[CauseLineJson]
    hidden_causes: int
    tasks: Sequence[TaskLineJson]


class ReportWrittenJson(Record):
    """A report that was written to a file."""

    file: str
    format: str
    tasks: int


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


class HookRefusalJson(Record):
    """What hooks kept agents from, as the agents' own processes told."""

    tried: str
    count: int
    tasks: Annotated[int, Meta(description="Of how many different tasks.")]


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


class ChangeCostJson(Record):
    """What merged changes of a size took, as agents told it; null is of all sizes."""

    size: SizeClass | None
    merged: Annotated[int, Meta(description="Merged changes, told of or not.")]
    partly: Annotated[int, Meta(description="Those of which agents told something, but not of every claim.")]
    micro_usd: Annotated[SpreadJson, Meta(description="The cost in millionths of a dollar.")]
    tokens: SpreadJson


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
    hook_refusals: Sequence[HookRefusalJson]
    findings: Sequence[LoopFindingJson]
    weeks: Sequence[WeekJson]
    costs: Annotated[Sequence[ChangeCostJson], Meta(description="What merged changes took, as agents told it.")] = ()
