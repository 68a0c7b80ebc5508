"""Gates that read coverage and SARIF reports, in real boxes, against real bases."""

from __future__ import annotations

import json

import pytest

from gates.conftest import Origin
from gates.desk import Desk, command, says
from onloop.gates.evaluation import base_result
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import (
    CommandGate,
    Counter,
    CoverageExpectation,
    FindingLevel,
    FindingsExpectation,
    TestExpectation,
)
from onloop.machine.task import Verdict
from onloop.records import replace

COPIED = command("sh", "-c", 'test ! -e lcov || cp lcov "$0"', "{report}")
SCANNED = command("sh", "-c", 'cp sarif "$0"; exit $(cat code)', "{report}")
ALL, HALF, NONE = "SF:a\nDA:1,1\nDA:2,1\n", "SF:a\nDA:1,1\nDA:2,0\n", "SF:a\nDA:1,0\nDA:2,0\n"


def covering(
    least: int | None = None, *, no_less: bool = False, more: bool = False, gate: CommandGate = COPIED
) -> CommandGate:
    return replace(gate, coverage=CoverageExpectation(least, no_less, more))


def finding(most: int | None = None, *, no_new: bool = False, level: FindingLevel = FindingLevel.ERROR) -> CommandGate:
    return replace(SCANNED, findings=FindingsExpectation(most, no_new, level))


def scan(*rules: str, code: int = 0, **more: object) -> dict[str, str]:
    results = [{"ruleId": rule, "level": "error", "message": {"text": "bad"}, **more} for rule in rules]
    text = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "s"}}, "results": results}]})
    return {"sarif": text, "code": str(code)}


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def test_coverage_below_the_least_fails_and_at_it_passes(desk: Desk) -> None:
    subject = desk.submit({"lcov": HALF})
    passed = desk.ask(covering(5_000), subject)
    assert says(passed) == (Verdict.PASS, "50 % of 2 lines covered")
    assert (passed.coverage, passed.coverage_base) == (5_000, None)
    failed = desk.ask(covering(5_001), subject)
    assert says(failed) == (Verdict.FAIL, "50 % of 2 lines covered; the gate needs at least 50.01 %")


def test_coverage_is_compared_with_the_base_which_runs_once(desk: Desk) -> None:
    desk.base({"lcov": HALF})
    less = desk.ask(covering(no_less=True), desk.submit({"lcov": NONE}))
    assert says(less) == (Verdict.FAIL, "0 % of 2 lines covered, 50 % at the base; it may not be less")
    same = desk.submit({"lcov": HALF, "other": "1"})
    assert desk.ask(covering(no_less=True), same).verdict is Verdict.PASS
    assert says(desk.ask(covering(more=True), same))[1].endswith("50 % at the base; it must be more")
    more = desk.ask(covering(more=True), desk.submit({"lcov": ALL}))
    assert (more.verdict, more.coverage, more.coverage_base) == (Verdict.PASS, 10_000, 5_000)
    assert len(desk.base_results.results) == 2


def test_a_base_without_a_report_covers_nothing_and_one_that_cannot_be_read_is_an_error(desk: Desk) -> None:
    desk.base({"a": "1"})
    first = desk.ask(covering(more=True), desk.submit({"lcov": HALF}))
    assert (first.verdict, first.coverage_base) == (Verdict.PASS, 0)
    desk.base({"lcov": "nonsense"})
    lost = desk.ask(covering(no_less=True), desk.submit({"lcov": ALL}))
    assert lost.verdict is Verdict.ERROR
    assert lost.summary.startswith("the base: the coverage report is refused: ")


def test_no_report_fails_and_a_report_does_not_excuse_the_exit_code(desk: Desk) -> None:
    assert says(desk.ask(covering(0), desk.submit({"a": "1"}))) == (Verdict.FAIL, "no coverage report was written")
    gate = command("sh", "-c", 'cp lcov "$0"; exit 1', "{report}")
    assert desk.ask(covering(0, gate=gate), desk.submit({"lcov": ALL})).verdict is Verdict.FAIL


def test_coverage_of_pytest_is_read_as_it_writes_it(desk: Desk) -> None:
    pytest.importorskip("pytest_cov")
    argv = ("{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov=app", "--cov-report=xml:{report}")
    files = {
        "app.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
        "test_a.py": "import app\n\ndef test_a():\n    assert app.f(1) == 1\n",
    }
    evidence = desk.ask(covering(7_500, gate=command(*argv)), desk.submit(files))
    assert says(evidence) == (Verdict.PASS, "75 % of 4 lines covered")


def test_tests_can_be_counted_beside_coverage(desk: Desk) -> None:
    words = 'cp lcov "$1"; exec "$0" -m unittest discover -s tests'
    gate = replace(command("sh", "-c", words, "{python}", "{report}"), tests=TestExpectation(Counter.UNITTEST))
    tests = "import unittest\nclass A(unittest.TestCase):\n    def test_x(self): pass\n"
    evidence = desk.ask(covering(5_000, gate=gate), desk.submit({"lcov": HALF, "tests/test_a.py": tests}))
    assert evidence.verdict is Verdict.PASS
    assert "1 test passed" in evidence.summary
    assert "50 % of 2 lines covered" in evidence.summary


def test_findings_of_the_base_are_forgiven_and_new_ones_are_named(desk: Desk) -> None:
    desk.base(scan("OLD", code=1))
    same = desk.ask(finding(no_new=True), desk.submit({"a": "1"}))
    assert says(same) == (Verdict.PASS, "1 finding of level error or graver, none of them new")
    assert (same.findings, same.findings_new) == (1, 0)
    new = desk.ask(finding(no_new=True), desk.submit(scan("OLD", "NEW", code=1)))
    assert says(new) == (Verdict.FAIL, "1 new finding of level error or graver: NEW in no file: bad")
    assert (new.findings, new.findings_new) == (2, 1)


def test_more_findings_than_allowed_fail_and_those_below_the_level_do_not_count(desk: Desk) -> None:
    subject = desk.submit(scan("R1", "R2", code=1))
    assert desk.ask(finding(2), subject).verdict is Verdict.PASS
    failed = desk.ask(finding(1), subject)
    assert failed.summary.startswith("2 findings of level error or graver, at most 1 may be: R1 in no file: bad; R2")
    notes = desk.ask(finding(0), desk.submit(scan("R1", code=1, level="note")))
    assert (notes.verdict, notes.findings) == (Verdict.PASS, 0)


def test_an_excuse_in_the_code_does_not_make_a_finding_old(desk: Desk) -> None:
    desk.base(scan())
    excused = desk.submit(scan("NEW", suppressions=[{"kind": "inSource"}]))
    assert desk.ask(finding(0), excused).verdict is Verdict.PASS
    assert desk.ask(finding(0, no_new=True), excused).verdict is Verdict.FAIL


def test_exit_code_1_is_forgiven_only_where_the_report_says_why(desk: Desk) -> None:
    assert desk.ask(finding(5), desk.submit(scan("R1", code=1))).verdict is Verdict.PASS
    assert desk.ask(finding(5), desk.submit(scan(code=1))).verdict is Verdict.FAIL
    assert desk.ask(finding(5), desk.submit(scan("R1", code=2))).verdict is Verdict.FAIL


def test_a_base_that_was_never_scanned_forgives_nothing(desk: Desk) -> None:
    desk.base({"sarif": "", "code": "0"})
    lost = desk.ask(finding(no_new=True), desk.submit(scan()))
    assert lost.verdict is Verdict.ERROR
    assert lost.summary.startswith("the base: the SARIF report is malformed")


def test_what_a_base_covers_and_has_is_kept(desk: Desk) -> None:
    base = desk.base({"lcov": HALF, **scan("OLD", "OLD")})
    subject = desk.submit({"a": "1"})
    assert base_result(covering(no_less=True), subject, desk.workshop()).covered == 5_000
    kept = base_result(finding(no_new=True), subject, desk.workshop())
    assert kept.evidence.head == base
    assert [count.times for count in kept.findings or ()] == [2]
