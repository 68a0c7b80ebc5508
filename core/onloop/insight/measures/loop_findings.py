"""PURE: what of the loop deserves a look. Each rule needs enough to go by, and says by which figures it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.insight.measures.loop_figures import FindingKind, IdleCall, JudgingGate, LoopFinding, PeopleGate
from onloop.insight.measures.samples import upper_share

LEAST_DECIDED = 25
SENT_BACK_BELOW = 0.10
"""A gate may be a rubber stamp only if it surely sends back less than this share."""
LEAST_WORKS = 50
"""A gate that never failed is named from so many different works on."""


def findings_of(
    humans: Sequence[PeopleGate], machines: Sequence[JudgingGate], idle: Sequence[IdleCall]
) -> tuple[LoopFinding, ...]:
    """Everything that deserves a look: gates of people, then machine gates, then calls."""
    return (*_stamps(humans), *_silent(machines), *_flaky(machines), *_idle(idle))


def _stamps(gates: Sequence[PeopleGate]) -> Iterator[LoopFinding]:
    for gate in gates:
        is_enough = gate.decided >= LEAST_DECIDED and upper_share(gate.rejected, gate.decided) < SENT_BACK_BELOW
        if is_enough and 2 * gate.unread > gate.measured:
            words = (
                f"sent back {gate.rejected} of {gate.decided}, and {gate.unread} of {gate.measured} decisions came "
                "sooner than the change can be skimmed"
            )
            yield LoopFinding(FindingKind.RUBBER_STAMP, gate.gate, words)


def _silent(gates: Sequence[JudgingGate]) -> Iterator[LoopFinding]:
    for gate in gates:
        if gate.works >= LEAST_WORKS and not gate.failed and not gate.timed_out:
            words = f"passed all of {gate.works} different works: it has caught nothing yet"
            yield LoopFinding(FindingKind.NEVER_FAILS, gate.gate, words)


def _flaky(gates: Sequence[JudgingGate]) -> Iterator[LoopFinding]:
    for gate in gates:
        if gate.disagreed:
            words = f"gave different verdicts on {gate.disagreed} of {gate.twice} works that it judged more than once"
            yield LoopFinding(FindingKind.FLAKY, gate.gate, words)


def _idle(calls: Sequence[IdleCall]) -> Iterator[LoopFinding]:
    for call in calls:
        times = "once" if call.count == 1 else f"{call.count} times"
        words = f"people were called {times} for a thing that ended without them: {call.why}"
        yield LoopFinding(FindingKind.IDLE_CALL, call.gate, words)
