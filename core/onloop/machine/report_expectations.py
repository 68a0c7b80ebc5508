"""What a report that a gate's command writes must show: how much is covered, and which findings there are."""

from __future__ import annotations

from enum import StrEnum

from onloop.records import Record


def percent(hundredths: int) -> str:
    """A share of hundredths of a per cent in words: `81.25 %`, `80 %`."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d} %" if rest else f"{whole} %"


class CoverageExpectation(Record):
    """How much of the code the tests must run, of lines: `least` is in hundredths of a per cent.

    `no_less_than_base` and `more_than_base` compare with what the same command covers on the base.
    """

    least: int | None = None
    no_less_than_base: bool = False
    more_than_base: bool = False

    @property
    def asks_base(self) -> bool:
        """Whether it compares with the base."""
        return self.no_less_than_base or self.more_than_base


class FindingLevel(StrEnum):
    """How grave a finding is, as SARIF says it; `none` is left out, for it is not a finding."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Where it stands among the levels, from 0, the least grave."""
        return tuple(FindingLevel).index(self)


class FindingsExpectation(Record):
    """Which findings a report may hold: those of `level` and graver count, at most `most` in all.

    With `no_new`, none may be there that the same command does not find on the base.
    """

    most: int | None = None
    no_new: bool = False
    level: FindingLevel = FindingLevel.WARNING


def expected_words(coverage: CoverageExpectation | None, findings: FindingsExpectation | None) -> str:
    """What is expected of a report, in a clause for whoever works for it; empty where nothing is."""
    return f"{_of_coverage(coverage)}{_of_findings(findings)}"


def _of_coverage(asked: CoverageExpectation | None) -> str:
    if asked is None:
        return ""
    least = f" at least {percent(asked.least)}" if asked.least is not None else ""
    more = " more than before your change" if asked.more_than_base else ""
    no_less = " no less than before your change" if asked.no_less_than_base and not more else ""
    return f", it covers of all lines{' and'.join(filter(None, (least, more or no_less)))}"


def _of_findings(asked: FindingsExpectation | None) -> str:
    if asked is None:
        return ""
    most = f" at most {asked.most} findings" if asked.most is not None else ""
    new = " no finding that was not there before your change" if asked.no_new else ""
    return f", its report has{' and'.join(filter(None, (most, new)))}, of level {asked.level} or graver"
