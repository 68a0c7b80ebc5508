"""PURE: what an event of a task says of its work: something looked at it, and let it on or did not."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.denials import Denied
from onloop.machine.events import (
    AttemptEnded,
    Claimed,
    Decided,
    GateReported,
    Judged,
    PolicyJudged,
    Submitted,
    TurnBlocked,
    TurnEnded,
)
from onloop.machine.lessons import StrikeKind
from onloop.machine.policy_gate import PolicyMode
from onloop.machine.task import DecisionKind, Evidence, Verdict
from onloop.records import MutableRecord, Record
from onloop.store.codec import Logged

READ = frozenset(
    {
        *("GateReported", "PolicyJudged", "Judged", "Decided", "AttemptEnded", "TurnBlocked", "TurnEnded"),
        *("Submitted", "Claimed"),
    }
)
"""The events of which this reads more than the name."""


class WorkLook(Record):
    """Something looked at the work of `step`; `words` are those in which it failed, None where it did not."""

    step: str
    kind: StrikeKind
    gate: str
    words: str | None


class Turn(MutableRecord):
    """Where a task stands, as far as looks need it."""

    step: str = ""
    has_handed_in: bool = True
    """Whether whoever claimed it last has handed in something since."""


def looks_of(turn: Turn, event: Logged) -> Iterator[WorkLook]:
    """The looks that an event tells of. An attempt is looked at when it ends, or when it hands in first."""
    match event:
        case GateReported(evidence):
            yield from _of_gate(evidence, turn.step)
        case PolicyJudged(finding) if finding.mode is PolicyMode.ENFORCE:
            words = None if finding.allows else finding.words
            yield WorkLook(finding.step, StrikeKind.POLICY, finding.gate, words)
        case Judged(judgement):
            yield from _handed_in(turn)
            words = None if judgement.passes else judgement.reason
            yield WorkLook(judgement.step, StrikeKind.REVIEW, judgement.gate, words)
        case Decided(decision) if decision.answer in {DecisionKind.APPROVE, DecisionKind.REJECT}:
            words = decision.reason if decision.answer is DecisionKind.REJECT else None
            yield WorkLook(decision.step or turn.step, StrikeKind.REJECTION, decision.gate or "", words)
        case _:
            yield from _of_attempt(turn, event)


def _of_gate(evidence: Evidence, step: str) -> Iterator[WorkLook]:
    """A verdict on the work; that a gate could not be evaluated says nothing of the work, and is a kind of its own."""
    step = evidence.step or step
    is_error = evidence.verdict is Verdict.ERROR
    yield WorkLook(step, StrikeKind.GATE_ERROR, evidence.gate, evidence.summary if is_error else None)
    if not is_error:
        words = None if evidence.verdict is Verdict.PASS else evidence.summary
        yield WorkLook(step, StrikeKind.GATE, evidence.gate, words)


def _of_attempt(turn: Turn, event: Logged) -> Iterator[WorkLook]:
    match event:
        case Claimed():
            turn.has_handed_in = False
            yield WorkLook(turn.step, StrikeKind.DENIAL, "", None)
        case Submitted():
            yield from _handed_in(turn)
        case AttemptEnded(_, _, feedback):
            yield WorkLook(turn.step, StrikeKind.ATTEMPT, "", feedback.text)
        case TurnBlocked(_, verdict) | TurnEnded(_, verdict):
            yield WorkLook(turn.step, StrikeKind.TURN, "", verdict)
        case _:
            pass


def _handed_in(turn: Turn) -> Iterator[WorkLook]:
    if not turn.has_handed_in:
        turn.has_handed_in = True
        yield WorkLook(turn.step, StrikeKind.ATTEMPT, "", None)
        yield WorkLook(turn.step, StrikeKind.TURN, "", None)


def denied_look(turn: Turn, denied: Denied) -> WorkLook:
    """What an agent was denied while it held the task."""
    return WorkLook(turn.step, StrikeKind.DENIAL, "", f"{denied.verb}: {denied.ground.value}")
