"""What came of one trial, as it is kept in a line of a results file."""

from __future__ import annotations

from enum import StrEnum

from onloop.bench.bench_plan import Trial
from onloop.machine.flags import judging
from onloop.machine.task import Evidence, Verdict
from onloop.records import Record


class GateOutcome(StrEnum):
    """What a verifier said last at a gate; only `passed` counts as verified."""

    PASSED = "passed"
    CHANGED = "changed"
    """It passed work that changes what judged it, which a person would have been shown, or at another base."""
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ERROR = "error"
    """It could not be run."""
    NOT_REACHED = "not_reached"


class TrialEnd(StrEnum):
    """How a trial ended."""

    REACHED = "reached"
    """The last step that agents walk alone was left, past all its gates."""
    STOPPED = "stopped"
    """It needs a person, or was given up."""
    OUT_OF_TIME = "out_of_time"
    BROKEN = "broken"
    """What failed was not the agent: it counts for nothing, and is tried again."""


class GateRow(Record):
    """A gate of a trial: what was said of it last, and how often it ran."""

    step: str
    gate: str
    outcome: GateOutcome
    runs: int = 0


class TrialRow(Record):
    """What came of a trial. `wall_ms` is from the first claim to the end; `lines` are those added and removed.

    `detail` may have words that an agent wrote. `lines` is None where nothing was handed in. `tokens` and `micro_usd`
    are what agents told of themselves until then, and None where they told nothing.
    """

    task: str
    configuration: str
    repetition: int
    end: TrialEnd
    began: int
    wall_ms: int
    gates: tuple[GateRow, ...] = ()
    detail: str = ""
    rounds: int = 0
    attempts: int = 0
    lines: int | None = None
    tokens: int | None = None
    micro_usd: int | None = None

    @property
    def trial(self) -> Trial:
        """Which trial it was."""
        return Trial(self.task, self.configuration, self.repetition)

    @property
    def counts(self) -> bool:
        """Whether it says something of its configuration."""
        return self.end is not TrialEnd.BROKEN

    @property
    def is_verified(self) -> bool:
        """Whether it reached the end, and no gate let it on that the work itself had changed."""
        return self.end is TrialEnd.REACHED and not self.is_changed

    @property
    def is_changed(self) -> bool:
        """Whether some gate passed work that changes what judged it."""
        return any(row.outcome is GateOutcome.CHANGED for row in self.gates)


_OUTCOMES = {
    Verdict.FAIL: GateOutcome.FAILED,
    Verdict.ERROR: GateOutcome.ERROR,
    Verdict.TIMED_OUT: GateOutcome.TIMED_OUT,
}


def outcome_of(evidence: Evidence | None, base: str, definition: str) -> GateOutcome:
    """What a verifier's evidence counts as; None is a gate that was not come to.

    A pass counts only where it was judged at the trial's `base`, by its workflow: who can write to its origin could
    move the base.
    """
    if evidence is None:
        return GateOutcome.NOT_REACHED
    if evidence.verdict is Verdict.PASS:
        is_as_begun = (evidence.base, evidence.definition) == (base, definition) and not judging(evidence.flags)
        return GateOutcome.PASSED if is_as_begun else GateOutcome.CHANGED
    return _OUTCOMES[evidence.verdict]
