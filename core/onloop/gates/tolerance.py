"""PURE: whether work is no worse than the base, where a person accepted that gates fail there."""

from __future__ import annotations

from onloop.machine.base_result import MOST_FAILING, BaseResult
from onloop.machine.task import TestCounts
from onloop.records import Record
from onloop.text import safe

MOST_SHOWN = 3
MOST_NAMED = 1_000
LONGEST_NAME = 300


class NoWorse(Record):
    """What fails, and fails at the base too: names of tests, or the gate's own id where nothing is counted."""

    names: tuple[str, ...]
    summary: str


def no_worse(
    gate: str, counts: TestCounts | str | None, failing: tuple[str, ...], at_base: BaseResult
) -> NoWorse | str:
    """What is tolerated of a failed run because it fails at the base too, or what is worse than there.

    Counted tests are compared by name, and none that passed there may be gone; others pass by the gate's name.
    """
    found = at_base.evidence
    base = found.head[:12]
    if found.tests is None:
        return NoWorse((gate,), f"no worse than the base {base}, where {gate} fails too: {found.summary}")
    if not isinstance(counts, TestCounts):
        return f"no tests were counted, but some were at the base {base}"
    if len(failing) < counts.failed or len(at_base.failing) < found.tests.failed or len(failing) >= MOST_FAILING:
        return "not every test that fails has a name of its own, so they cannot be compared with the base"
    worse = sorted(set(failing) - set(at_base.failing))
    if worse:
        more = f", and {len(worse) - MOST_SHOWN} more" if len(worse) > MOST_SHOWN else ""
        return f"worse than the base {base}: {safe(', '.join(worse[:MOST_SHOWN]))}{more}"
    gone = len(set(at_base.failing) - set(failing))
    if counts.ran < found.tests.ran - gone:
        return f"{counts.ran} tests ran, but {found.tests.ran} ran at the base {base}"
    if not counts.failed:
        return "the command failed, though no test did"
    words = f"no worse than the base {base}: {counts.failed} of {counts.ran} failed there too"
    return NoWorse(tuple(safe(name, LONGEST_NAME) for name in failing[:MOST_NAMED]), words)
