"""What a report of a run says, as records: of the whole run, and of each of its tasks."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.state import Reason, State
from onloop.records import Record, field
from onloop.views.reporting.fleet_class import FleetClass, FleetCounts
from onloop.views.reporting.open_counts import Burndown
from onloop.views.reporting.pace import RunPace
from onloop.views.reporting.wave_lines import WaveLine

MOST_CAUSES = 200
"""How many causes a report names; the rest are counted."""
MOST_NAMED = 20
"""How many tasks are named for each of them; the rest are counted."""


class CauseLine(Record):
    """A cause of a run: what it is, how many tasks have it, and the first of them by repository or title."""

    cause: str
    reason: Reason
    counted_as: FleetClass
    headline: str
    detail: str
    count: int
    since: int
    named: tuple[str, ...] = ()
    steps: Mapping[str, int] = field(default_factory=dict)
    """How many stand at which step."""
    regrouped: bool = False
    """Whether people put it together, or told it apart."""


class RunHistory(Record):
    """How a run went so far, at `at` (ms): when it began and ended, how many were open when, and how fast it is."""

    run: str
    at: int
    began: int
    ended: int | None = None
    burndown: Burndown = Burndown()
    pace: RunPace = RunPace()


class DecisionLine(Record):
    """What a person decided about a task, in whose place if in somebody's, with what words."""

    at: int
    who: str
    what: str
    about: str
    words: str = ""


class RunReport(Record):
    """A run as a whole. `tasks` are the ids of its tasks in their order; `asked` is what its own root asks of people.

    `hidden_causes` is how many causes are not listed.
    """

    run: str
    title: str
    workflow: str
    definition: str
    sponsor: str
    state: State
    reason: Reason | None
    detail: str
    is_fleet: bool
    seq: int
    steps: tuple[str, ...]
    counts: FleetCounts
    history: RunHistory
    tasks: tuple[str, ...] = ()
    causes: tuple[CauseLine, ...] = ()
    hidden_causes: int = 0
    asked: tuple[str, ...] = ()
    waves: tuple[WaveLine, ...] = ()
    left: tuple[int, ...] = ()
    """How many go on without a person, wave by wave."""
    decisions: tuple[DecisionLine, ...] = ()
    """What people decided about a fleet as a whole: whether a wave may begin, and whether a halt is lifted."""


class StepTime(Record):
    """How long (ms) a task stood at a step, all visits together, and how often it came there."""

    step: str
    ms: int
    visits: int = 1


class EffectLine(Record):
    """What was changed in the world outside: which effect, on which branch, to which commit."""

    at: int
    kind: str
    target: str
    commit: str


class TaskLine(Record):
    """One task of a run. `attempts` is how often it was claimed, `rounds` how often gates sent it back.

    `begun` and `ended` are in ms; `work_ms` is how long somebody was at it while the run did not stand still. `commit`
    is what its target was moved to. `bypasses` are gates that people let it past although they had not passed.
    """

    task: str
    parent: str | None
    name: str
    repo: str | None
    title: str
    target: str
    counted_as: FleetClass
    cause: str
    state: State
    reason: Reason | None
    detail: str
    step: str | None
    version: int
    attempts: int = 0
    rounds: int = 0
    created: int = 0
    begun: int | None = None
    ended: int | None = None
    work_ms: int = 0
    commit: str = ""
    wave: int = 0
    steps: tuple[StepTime, ...] = ()
    bypasses: tuple[DecisionLine, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    effects: tuple[EffectLine, ...] = ()
