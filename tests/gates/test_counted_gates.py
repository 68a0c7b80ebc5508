"""Gates that count tests, with Python's unittest and with JUnit reports, and compare with the base."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.desk import OPEN, Desk, command, says
from onloop.gates.evaluation import GateSubject, base_result
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import Counter, EnvironmentSpec, TestExpectation
from onloop.machine.task import TestCounts, Verdict
from onloop.records import replace

if TYPE_CHECKING:
    from gates.conftest import Origin

UNITTEST = ("{python}", "-m", "unittest", "discover", "-s", "tests")
PYTEST = ("{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={report}")
ONE_GOOD = "def test_{0}(self): self.assertEqual(1, 1)"
NO_FEWER = TestExpectation(Counter.UNITTEST, no_fewer_than_base=True)


def suite(*bodies: str) -> str:
    """A unittest module with one class of these methods."""
    lines = "\n".join(textwrap.indent(body, "    ") for body in bodies) or "    pass"
    return f"import unittest\n\nclass A(unittest.TestCase):\n{lines}\n"


def good_tests(*names: str) -> str:
    return suite(*(ONE_GOOD.format(name) for name in names))


def counted(
    counter: Counter = Counter.UNITTEST, *, min_tests: int = 1, max_skipped: int | None = None
) -> TestExpectation:
    return TestExpectation(counter, min_tests, max_skipped)


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def test_a_unittest_gate_counts_what_passed(desk: Desk) -> None:
    skipped = "@unittest.skip('later')\ndef test_later(self): pass"
    subject = desk.submit({"tests/test_a.py": good_tests("x", "y"), "tests/test_b.py": suite(skipped)})
    evidence = desk.ask(command(*UNITTEST, tests=counted()), subject)
    assert evidence.verdict is Verdict.PASS
    assert evidence.summary.startswith("2 tests passed, 1 skipped, in 0.")
    assert evidence.tests == TestCounts(2, 1, 0)


def test_a_junit_gate_counts_what_passed_and_what_failed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = command("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", *PYTEST, tests=counted(Counter.JUNIT))
    good = desk.ask(gate, desk.submit({"test_a.py": good_tests("x", "y")}))
    assert good.verdict is Verdict.PASS
    assert good.summary.startswith("2 tests passed in ")
    assert good.tests == TestCounts(2, 0, 0)
    bad = desk.ask(gate, desk.submit({"test_b.py": "def test_z():\n    assert 1 == 2\n"}))
    assert says(bad) == (Verdict.FAIL, "test_z: assert 1 == 2")
    assert bad.tests == TestCounts(3, 0, 1)
    none = desk.ask(gate, desk.submit({}, "test_a.py", "test_b.py"))
    assert says(none) == (Verdict.FAIL, "0 tests ran")


def test_a_failing_test_is_the_summary(desk: Desk) -> None:
    subject = desk.submit({"tests/test_a.py": suite("def test_x(self): self.assertEqual(1 + 1, 3)")})
    evidence = desk.ask(command(*UNITTEST, tests=counted()), subject)
    assert says(evidence) == (Verdict.FAIL, "test_x: AssertionError: 2 != 3")
    assert evidence.tests == TestCounts(1, 0, 1)


def test_no_tests_at_all_is_a_fail_even_with_exit_code_0(desk: Desk) -> None:
    for least in (0, 1):
        evidence = desk.ask(
            command(*UNITTEST, tests=counted(min_tests=least)), desk.submit({"tests/readme": str(least)})
        )
        assert says(evidence) == (Verdict.FAIL, "0 tests ran")


def test_only_skipped_tests_are_no_tests(desk: Desk) -> None:
    subject = desk.submit({"tests/test_a.py": suite("@unittest.skip('x')\ndef test_x(self): pass")})
    evidence = desk.ask(command(*UNITTEST, tests=counted()), subject)
    assert says(evidence) == (Verdict.FAIL, "0 tests ran, 1 skipped")


def test_fewer_tests_than_asked_for_fail(desk: Desk) -> None:
    evidence = desk.ask(
        command(*UNITTEST, tests=counted(min_tests=5)), desk.submit({"tests/test_a.py": good_tests("x", "y")})
    )
    assert says(evidence) == (Verdict.FAIL, "2 tests ran, the gate needs at least 5")


def test_more_skipped_tests_than_allowed_fail(desk: Desk) -> None:
    skipped = "@unittest.skip('x')\ndef test_{}(self): pass"
    content = suite(ONE_GOOD.format("x"), *(skipped.format(name) for name in "ab"))
    subject = desk.submit({"tests/test_a.py": content})
    evidence = desk.ask(command(*UNITTEST, tests=counted(max_skipped=1)), subject)
    assert says(evidence) == (Verdict.FAIL, "2 tests skipped, at most 1 may be")
    assert desk.ask(command(*UNITTEST, tests=counted(max_skipped=2)), subject).verdict is Verdict.PASS


def test_a_report_that_is_missing_or_malformed_fails_and_says_so(desk: Desk) -> None:
    subject = desk.submit({"a": "1"})
    gate = command("true", "{report}", tests=counted(Counter.JUNIT))
    assert says(desk.ask(gate, subject)) == (Verdict.FAIL, "no test report was written")
    gate = command("sh", "-c", "echo passed > $0", "{report}", tests=counted(Counter.JUNIT))
    assert desk.ask(gate, subject).summary.startswith("the test report is malformed: ")


def test_a_report_in_the_repository_is_not_taken_for_the_verifiers(desk: Desk) -> None:
    subject = desk.submit({"report.xml": "<testsuite><testcase/></testsuite>"})
    gate = command("true", "--junitxml={report}", tests=counted(Counter.JUNIT))
    assert desk.ask(gate, subject).summary == "no test report was written"


def test_an_exit_code_of_0_does_not_hide_the_failures_in_a_report(desk: Desk) -> None:
    report = "<testsuite><testcase/><testcase><failure/></testcase></testsuite>"
    gate = command("sh", "-c", f"echo '{report}' > $0", "{report}", tests=counted(Counter.JUNIT))
    evidence = desk.ask(gate, desk.submit({"a": "1"}))
    assert says(evidence) == (Verdict.FAIL, "1 test failed, though the exit code is 0")


def test_a_deleted_test_fails_against_the_base(desk: Desk) -> None:
    base = desk.base({"tests/test_a.py": good_tests("v", "w", "x", "y"), "tests/test_b.py": good_tests("z")})
    evidence = desk.ask(command(*UNITTEST, tests=NO_FEWER), desk.submit({}, "tests/test_b.py"))
    assert says(evidence) == (Verdict.FAIL, f"4 tests ran, but 5 ran at the base {base[:12]}")
    assert evidence.tests == TestCounts(4, 0, 0, base_ran=5)


def test_a_test_that_is_skipped_now_fails_against_the_base(desk: Desk) -> None:
    desk.base({"tests/test_a.py": good_tests("x", "y")})
    skipped = suite(ONE_GOOD.format("x"), "@unittest.skip('flaky')\ndef test_y(self): pass")
    evidence = desk.ask(command(*UNITTEST, tests=NO_FEWER), desk.submit({"tests/test_a.py": skipped}))
    assert evidence.summary.startswith("1 test ran, but 2 ran at the base ")


def test_as_many_tests_as_at_the_base_pass_also_where_the_base_itself_fails(desk: Desk) -> None:
    desk.base({"tests/test_a.py": suite("def test_x(self): self.fail()", "def test_y(self): pass")})
    evidence = desk.ask(command(*UNITTEST, tests=NO_FEWER), desk.submit({"tests/test_a.py": good_tests("x", "y")}))
    assert evidence.verdict is Verdict.PASS
    assert evidence.tests == TestCounts(2, 0, 0, base_ran=2)


def test_the_first_tests_of_a_repository_pass_against_a_base_without_any(desk: Desk) -> None:
    evidence = desk.ask(command(*UNITTEST, tests=NO_FEWER), desk.submit({"tests/test_a.py": good_tests("x")}))
    assert evidence.verdict is Verdict.PASS
    assert evidence.tests == TestCounts(1, 0, 0, base_ran=0)


def test_a_base_whose_tests_cannot_be_counted_is_an_error_and_is_asked_again(desk: Desk) -> None:
    desk.base({"wait": "yes", "tests/test_a.py": good_tests("x")})
    subject = desk.submit({}, "wait")
    gate = command("sh", "-c", "test ! -e wait || kill -11 $$; exec $0 -m unittest discover -s tests", "{python}")
    evidence = desk.ask(replace(gate, tests=NO_FEWER), subject)
    assert says(evidence) == (Verdict.ERROR, f"the base {subject.base[:12]}: ended by SIGSEGV")
    assert desk.base_results.results == {}


def test_the_tests_of_a_base_are_run_once_for_all_that_is_submitted_on_it(desk: Desk, tmp_path: Path) -> None:
    log = tmp_path / "runs"
    desk.base({"tests/test_a.py": good_tests("x"), "who": "base\n"})
    words = f"cat who >> {log}; exec $0 -m unittest discover -s tests"
    gate = command("sh", "-c", words, "{python}", tests=NO_FEWER, box=OPEN)
    for name in ("one", "two"):
        assert desk.ask(gate, desk.submit({"who": f"{name}\n"})).verdict is Verdict.PASS
    assert log.read_text().split() == ["one", "base", "two"]


def test_what_a_gate_gives_on_a_base_is_kept_with_the_names_of_the_tests_that_fail_there(desk: Desk) -> None:
    desk.base({"tests/test_a.py": suite("def test_x(self): self.fail()", "def test_y(self): pass")})
    subject = desk.submit({"a": "1"})
    red = base_result(command(*UNITTEST, tests=NO_FEWER), subject, desk.workshop())
    assert (red.evidence.verdict, red.evidence.head, red.ran) == (Verdict.FAIL, subject.base, 2)
    assert red.failing == ("test_x (test_a.A.test_x)",)
    plain = base_result(command("sh", "-c", "exit 3"), subject, desk.workshop())
    assert (plain.evidence.verdict, plain.evidence.exit_code, plain.ran) == (Verdict.FAIL, 3, None)
    assert len(desk.base_results.results) == 2
    desk.environment = EnvironmentSpec(setup=(("false",),))
    broken = base_result(command("true"), subject, desk.workshop())
    assert broken.evidence.verdict is not Verdict.PASS
    assert len(desk.base_results.results) == 2, "a setup that fails says nothing of the base"


def test_a_submission_that_is_its_own_base_is_not_run_twice(desk: Desk, tmp_path: Path) -> None:
    base = desk.base({"tests/test_a.py": good_tests("x")})
    subject = GateSubject("r7k2m.3", "d" * 64, base, desk.mirror.tree(base), base)
    evidence = desk.ask(command(*UNITTEST, tests=NO_FEWER), subject)
    assert evidence.tests == TestCounts(1, 0, 0, base_ran=1)
    assert desk.base_results.results == {}
