"""How many tests ran: read from a JUnit report, or from what Python's unittest prints.

The work under test writes both, so they are trusted as little as possible: testcases are counted, sums in attributes
are ignored, and a report that could exhaust memory is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from onloop.gates.reports.report_file import ReportRefused, content_of
from onloop.machine.base_result import MOST_FAILING
from onloop.machine.definition import Counter
from onloop.machine.task import TestCounts

MOST_TESTCASES = 500_000
DEEPEST = 64
NO_REPORT = "no test report was written"
NO_SUMMARY = "the output does not end with a unittest summary"

_ROOTS = frozenset({"testsuite", "testsuites"})
_SKIPPED_STATUS = frozenset({"notrun", "skipped", "disabled"})
_SUMMARY = re.compile(
    rb"^Ran (\d{1,9}) tests? in [\d.]+s\r?\n\r?\n(OK|FAILED|NO TESTS RAN)(?: \(([^)\r\n]{0,200})\))?\r?$", re.MULTILINE
)
_FAILED = re.compile(rb"^(?:FAIL|ERROR): (\S[^\r\n]{0,490})\r?$", re.MULTILINE)
_LONGEST_NAME = 500
_DETAIL = re.compile(rb"([a-z ]+)=(\d{1,9})")


def from_junit(report: Path) -> TestCounts | str:
    """The tests in a JUnit report, or what is wrong with it. A testcase that failed twice counts once."""
    tally = _tally(report)
    return tally if isinstance(tally, str) else TestCounts(tally.cases - tally.skipped, tally.skipped, tally.failed)


def failing(counter: Counter | None, report: Path, output: bytes) -> tuple[str, ...]:
    """The names of the tests that failed, sorted and each once, at most MOST_FAILING; none where they are not known."""
    if counter is Counter.JUNIT:
        tally = _tally(report)
        names = set() if isinstance(tally, str) else set(tally.failing)
    else:
        names = {name.decode("utf-8", "backslashreplace") for name in _FAILED.findall(output)} if counter else set()
    return tuple(sorted(names)[:MOST_FAILING])


def _tally(report: Path) -> _CaseTally | str:
    """What a JUnit report says, or what is wrong with it."""
    content = content_of(report, "test report")
    if isinstance(content, str):
        return content
    tally = _CaseTally()
    try:
        tally.parser().Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as problem:  # the latter two: encodings unknown or broken
        return f"the test report is malformed: {problem}"
    except ReportRefused as refused:
        return f"the test report is refused: {refused}"
    return tally


def from_unittest(output: bytes) -> TestCounts | str:
    """The tests in the last unittest summary of `output`, or what is wrong with it."""
    summaries = _SUMMARY.findall(output)
    if not summaries:
        return NO_SUMMARY
    started, _, details = summaries[-1]
    numbers = {name.strip().decode(): int(number) for name, number in _DETAIL.findall(details)}
    skipped = numbers.get("skipped", 0)
    failed = numbers.get("failures", 0) + numbers.get("errors", 0) + numbers.get("unexpected successes", 0)
    return TestCounts(max(0, int(started) - skipped), skipped, failed)


@dataclass(slots=True)
class _CaseTally:
    """Counts testcases while a report is parsed, and keeps the names of those that failed."""

    cases: int = 0
    skipped: int = 0
    failed: int = 0
    _depth: int = 0
    _case: int | None = None
    _case_skipped: bool = False
    _case_failed: bool = False
    _case_name: str = ""
    failing: list[str] = field(default_factory=list)

    def parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        return parser

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if self._depth == 0 and name not in _ROOTS:
            raise ReportRefused(f"its root is <{name[:40]}>, not <testsuites>")
        self._depth += 1
        if self._depth > DEEPEST:
            raise ReportRefused(f"it is more than {DEEPEST} elements deep")
        if self._case is None and name == "testcase":
            self._begin_case(attributes)
        elif self._case == self._depth - 1:
            self._case_skipped |= name == "skipped"
            self._case_failed |= name in {"failure", "error"}

    def _begin_case(self, attributes: dict[str, str]) -> None:
        self.cases += 1
        if self.cases > MOST_TESTCASES:
            raise ReportRefused(f"it has more than {MOST_TESTCASES} testcases")
        self._case = self._depth
        self._case_skipped = attributes.get("status", "").lower() in _SKIPPED_STATUS
        self._case_failed = False
        words = (attributes.get(name, "") for name in ("classname", "name"))
        self._case_name = "::".join(word for word in words if word)[:_LONGEST_NAME]

    def _end(self, _: str) -> None:
        if self._case == self._depth:
            self.failed += self._case_failed
            if self._case_failed and len(self.failing) < MOST_FAILING:
                self.failing.append(self._case_name)
            self.skipped += self._case_skipped and not self._case_failed
            self._case = None
        self._depth -= 1


def _refuse_doctype(*_: object) -> None:
    raise ReportRefused("it declares a document type, which could make entities expand without end")
