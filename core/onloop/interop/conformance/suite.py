"""Runs cases one after the other, and says of each what was sent, what came, and what the standard says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from onloop.errors import BadInput, OnloopError
from onloop.interop.conformance.case_index import CASES
from onloop.interop.conformance.levels import ConformanceCase, End, Level
from onloop.interop.conformance.replies import Deviation
from onloop.interop.conformance.venue import Venue
from onloop.records import Record

PROTOCOL = 1
"""The version of the protocol that this suite asks about."""


class CaseStanding(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"
    """It could not be played to its end: the gateway's answer, or the machine, left nothing to judge."""


class CaseReport(Record):
    """What came of one case; the last three say why it did not pass."""

    case: ConformanceCase
    standing: CaseStanding
    sent: str = ""
    came: str = ""
    expected: str = ""


def chosen(levels: Sequence[str], numbers: Sequence[int], ends: Sequence[End]) -> tuple[ConformanceCase, ...]:
    """The cases of these levels with these numbers (none: all) that speak through one of `ends`."""
    known = {case.number for case in CASES}
    if unknown := sorted(set(numbers) - known):
        raise BadInput(f"there is no case {unknown[0]}", hint="onloop conformance --list shows them all")
    return tuple(
        case
        for case in CASES
        if case.end in ends
        and (not levels or case.level in {Level(level) for level in levels})
        and (not numbers or case.number in numbers)
    )


def played(
    cases: Sequence[ConformanceCase], venue: Venue, told: Callable[[CaseReport], None] = lambda _: None
) -> Iterator[CaseReport]:
    """What comes of each case, in order; each is told as soon as it is known."""
    for case in cases:
        report = play(case, venue)
        told(report)
        yield report


def play(case: ConformanceCase, venue: Venue) -> CaseReport:
    """What comes of one case."""
    try:
        case.play(venue)
    except Deviation as found:
        return CaseReport(case, CaseStanding.FAILED, found.sent, found.came, found.expected)
    except (OnloopError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as problem:
        came = f"{type(problem).__name__}: {problem}"[:400]
        return CaseReport(case, CaseStanding.BROKEN, case.name, came, case.says)
    return CaseReport(case, CaseStanding.PASSED)
