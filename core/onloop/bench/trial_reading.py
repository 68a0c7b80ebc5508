"""What a trial's own store says of it: only verifiers write evidence there, so that an agent's word counts for nothing.

It is read from the log, because a task forgets what belonged to a step that it has left.
"""

from __future__ import annotations

from collections import Counter

from onloop.access.opening import GatewayHandle, wall_clock
from onloop.bench.bench_plan import ReplayedTask, Trial
from onloop.bench.trial_row import GateOutcome, GateRow, TrialEnd, TrialRow, outcome_of
from onloop.bench.trial_store import RUN
from onloop.machine.events import Claimed, GateReported, RoundStarted, Submitted
from onloop.machine.task import Evidence, Submission
from onloop.machine.usage import Usage
from onloop.records import MutableRecord, field
from onloop.store.codec import event_from_text
from onloop.text import safe
from onloop.views.queries.reads import ReadTask

MOST_EVENTS = 100_000
LONGEST_WORDS = 300
_READ = frozenset({"Claimed", "GateReported", "RoundStarted", "Submitted"})


class _Seen(MutableRecord):
    """What of the log was seen so far."""

    first: int | None = None
    last: int = 0
    claims: int = 0
    rounds: int = 0
    submission: Submission | None = None
    found: dict[tuple[str, str], Evidence] = field(default_factory=dict)
    runs: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_row(opened: GatewayHandle, trial: Trial, task: ReplayedTask, end: TrialEnd, why: str, began: int) -> TrialRow:
    """The row of a trial that has ended so, for the reason `why`, or else for what its task says."""
    seen = _seen(opened)
    known = opened.gateway.perform(ReadTask(RUN))
    used = known.spending.whole.usage if known is not None else Usage()
    facts = seen.submission.facts if seen.submission is not None else None
    gates = tuple(
        GateRow(step, gate, _outcome(seen.found.get((step, gate)), task), seen.runs[(step, gate)])
        for step, gate in task.gates
    )
    last = wall_clock() if end is TrialEnd.OUT_OF_TIME else seen.last
    detail = why or (known.detail if known is not None and end is not TrialEnd.REACHED else "")
    return TrialRow(
        task=trial.task,
        configuration=trial.configuration,
        repetition=trial.repetition,
        end=end,
        began=began,
        wall_ms=max(0, last - seen.first) if seen.first is not None else 0,
        gates=gates,
        detail=safe(detail, LONGEST_WORDS),
        rounds=seen.rounds,
        attempts=seen.claims,
        lines=facts.added + facts.removed if facts is not None else None,
        tokens=used.tokens,
        micro_usd=used.micro_usd,
    )


def _outcome(evidence: Evidence | None, task: ReplayedTask) -> GateOutcome:
    return outcome_of(evidence, task.base, task.definition.digest)


def _seen(opened: GatewayHandle) -> _Seen:
    seen = _Seen()
    with opened.gateway.store.reading() as reading:
        for recorded in reading.log(task=RUN, limit=MOST_EVENTS):
            seen.last = recorded.at
            if recorded.name in _READ:
                _take(seen, event_from_text(recorded.name, recorded.data), recorded.at)
    return seen


def _take(seen: _Seen, event: object, at: int) -> None:
    match event:
        case Claimed():
            seen.first = at if seen.first is None else seen.first
            seen.claims += 1
        case RoundStarted():
            seen.rounds += 1
        case Submitted(submission=submission):
            seen.submission = submission
        case GateReported(evidence=evidence):
            seen.found[(evidence.step, evidence.gate)] = evidence
            seen.runs[(evidence.step, evidence.gate)] += 1
