"""What a coverage or SARIF report shows, compared with what its gate expects and with the base."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import assert_never

from onloop.gates.reports.line_coverage import NO_COVERAGE, LineCoverage, coverage_of
from onloop.gates.reports.sarif_findings import Findings, SarifFinding, findings_of, new_ones
from onloop.gates.reports.sarif_findings import counted as counted
from onloop.machine.base_result import BaseResult, FindingCount
from onloop.machine.definition import CommandGate, CoverageExpectation, FindingsExpectation
from onloop.machine.report_expectations import percent
from onloop.machine.task import Evidence, Verdict
from onloop.records import Record, replace

_MOST_SHOWN = 3


class ReportForm(StrEnum):
    """What is written to `{report}`, where it is not a test report."""

    COVERAGE = "coverage"
    SARIF = "sarif"


ReadReport = LineCoverage | Findings | str
"""What a report says, or what is wrong with it."""


class Measured(Record):
    """A verdict with its reason, and the figures that evidence keeps."""

    verdict: Verdict
    summary: str
    coverage: int | None = None
    coverage_base: int | None = None
    findings: int | None = None
    findings_new: int | None = None

    def kept_in(self, evidence: Evidence) -> Evidence:
        """The evidence with these figures."""
        return replace(
            evidence,
            coverage=self.coverage,
            coverage_base=self.coverage_base,
            findings=self.findings,
            findings_new=self.findings_new,
        )


def form_of(gate: CommandGate) -> ReportForm | None:
    """What the gate's command writes to `{report}`; None for a test report, or nothing."""
    if gate.coverage is not None:
        return ReportForm.COVERAGE
    return ReportForm.SARIF if gate.findings is not None else None


def read_report(form: ReportForm | None, report: Path, checkout: str) -> ReadReport | None:
    """What the report says; `checkout` is the checkout's path as its command saw it."""
    match form:
        case None:
            return None
        case ReportForm.COVERAGE:
            return coverage_of(report)
        case ReportForm.SARIF:
            return findings_of(report, checkout)
        case _:
            assert_never(form)


def asks_base(gate: CommandGate) -> bool:
    """Whether the gate compares its report with the base's."""
    return bool((gate.coverage and gate.coverage.asks_base) or (gate.findings and gate.findings.no_new))


def covered_at_base(read: ReadReport | None) -> int | None:
    """The coverage that is kept for a base: nothing is covered where no report was written, for there are no tests."""
    if isinstance(read, LineCoverage):
        return read.hundredths
    return 0 if read == NO_COVERAGE else None


def found_at_base(gate: CommandGate, read: ReadReport | None) -> tuple[FindingCount, ...] | None:
    """The findings that are kept for a base; None where its report cannot be read."""
    if not isinstance(read, Findings) or gate.findings is None:
        return None
    return counted(read.at(gate.findings.level))


def measured(gate: CommandGate, read: ReadReport, at_base: BaseResult | None) -> Measured:
    """What a report shows, after a command that ended well; `at_base` is None where nothing is compared."""
    if isinstance(read, str):
        return Measured(Verdict.FAIL, read)
    if isinstance(read, LineCoverage):
        return _covered(gate.coverage or CoverageExpectation(), read, at_base)
    return _found(gate.findings or FindingsExpectation(), read, at_base)


def _covered(asked: CoverageExpectation, read: LineCoverage, at_base: BaseResult | None) -> Measured:
    base = at_base.covered if at_base else None
    if at_base is not None and base is None:
        return Measured(Verdict.ERROR, f"the base: {at_base.evidence.summary}", read.hundredths)
    now = read.hundredths
    words = f"{percent(now)} of {read.lines} lines covered"
    against = "" if base is None else f", {percent(base)} at the base"
    wrong = _too_little(asked, now, base)
    return Measured(Verdict.FAIL if wrong else Verdict.PASS, f"{words}{against}{wrong}", now, base)


def _too_little(asked: CoverageExpectation, now: int, base: int | None) -> str:
    if asked.least is not None and now < asked.least:
        return f"; the gate needs at least {percent(asked.least)}"
    if base is not None and now < base:
        return "; it may not be less"
    if asked.more_than_base and (base is None or now <= base):
        return "; it must be more"
    return ""


def _found(asked: FindingsExpectation, read: Findings, at_base: BaseResult | None) -> Measured:
    found = read.at(asked.level)
    counting = [finding for finding in found if not finding.is_suppressed]
    if at_base is not None and at_base.findings is None:
        return Measured(Verdict.ERROR, f"the base: {at_base.evidence.summary}", findings=len(counting))
    new = None if at_base is None else list(new_ones(found, at_base.findings or ()))
    figures = Measured(
        Verdict.PASS, "", findings=len(counting), findings_new=0 if new is None and asked.no_new else _size(new)
    )
    if new:
        return _failed(figures, f"{_count(len(new), 'new finding')} of level {asked.level} or graver", new)
    if asked.most is not None and len(counting) > asked.most:
        words = f"{_count(len(counting), 'finding')} of level {asked.level} or graver, at most {asked.most} may be"
        return _failed(figures, words, counting)
    told = ", none of them new" if at_base is not None and counting else ""
    return replace(figures, summary=f"{_count(len(counting), 'finding')} of level {asked.level} or graver{told}")


def _failed(figures: Measured, words: str, which: list[SarifFinding]) -> Measured:
    shown = "; ".join(finding.words for finding in which[:_MOST_SHOWN])
    return replace(figures, verdict=Verdict.FAIL, summary=f"{words}: {shown}")


def _size(found: list[SarifFinding] | None) -> int | None:
    return None if found is None else len(found)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
