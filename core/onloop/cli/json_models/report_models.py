"""What `onloop report` prints with `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
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
