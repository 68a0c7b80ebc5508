"""PURE: whether work is no worse than the base, where a person accepted that gates fail there."""

from __future__ import annotations

from onloop.machine.task import Evidence, TestCounts
from onloop.records import Record
from onloop.text import safe

MOST_SHOWN = 3


class NoWorse(Record):
    """What fails, and fails at the base too: names of tests, or the gate's own id where nothing is counted."""

    names: tuple[str, ...]
    summary: str


def no_worse(gate: str, counts: TestCounts | str | None, at_base: Evidence) -> NoWorse | str:
    """What is tolerated of a failed run because it fails at the base too, or what is worse than there.

    Counted tests are compared by name, and none that passed there may be gone; others pass by the gate's name.
    """
    base = at_base.head[:12]
    if at_base.tests is None:
        return NoWorse((gate,), f"no worse than the base {base}, where {gate} fails too: {at_base.summary}")
    if not isinstance(counts, TestCounts):
        return f"no tests were counted, but some were at the base {base}"
    if len(counts.failures) != counts.failed or len(at_base.tests.failures) != at_base.tests.failed:
        return "too many tests fail to compare them by name"
    known = set(at_base.tests.failures)
    worse = [name for name in counts.failures if name not in known]
    if worse:
        more = f", and {len(worse) - MOST_SHOWN} more" if len(worse) > MOST_SHOWN else ""
        return f"worse than the base {base}: {safe(', '.join(worse[:MOST_SHOWN]))}{more}"
    gone = len(known - set(counts.failures))
    if counts.ran < at_base.tests.ran - gone:
        return f"{counts.ran} tests ran, but {at_base.tests.ran} ran at the base {base}"
    if not counts.failed:
        return "the command failed, though no test did"
    words = f"no worse than the base {base}: {counts.failed} of {counts.ran} failed there too"
    return NoWorse(tuple(dict.fromkeys(counts.failures)), words)
