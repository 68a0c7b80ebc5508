"""What is counted in test reports, and which reports are not believed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.gates.counts import NO_REPORT, NO_SUMMARY, from_junit, from_unittest
from onloop.gates.reports.report_file import LARGEST_REPORT
from onloop.machine.task import TestCounts
from support.effort import at_most

SUITE = """
import unittest

class A(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_broken(self): raise KeyError("k")
    @unittest.skip("not today")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
    @unittest.expectedFailure
    def test_surprise(self): pass
"""
PYTEST_SUITE = """
import pytest

@pytest.fixture
def broken(): raise OSError("no")

def test_good(): pass
def test_bad(): assert 1 == 2
def test_broken(broken): pass
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.parametrize("n", range(3))
def test_many(n): pass
"""


def report(folder: Path, content: str | bytes) -> Path:
    path = folder / "report.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_report_of_pytest_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(PYTEST_SUITE)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True)
    assert from_junit(tmp_path / "report.xml") == TestCounts(ran=6, skipped=1, failed=2)


def test_testcases_are_counted_and_the_sums_in_attributes_are_not_believed(tmp_path: Path) -> None:
    lie = '<testsuites tests="99"><testsuite tests="99" failures="0"><testcase name="a"/></testsuite></testsuites>'
    assert from_junit(report(tmp_path, lie)) == TestCounts(ran=1, skipped=0, failed=0)


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ("", TestCounts(0, 0)),
        ("<testcase><failure/><error/></testcase>", TestCounts(1, 0, 1)),
        ("<testcase><skipped/><failure/></testcase>", TestCounts(1, 0, 1)),
        ("<testcase><skipped/></testcase><testcase/>", TestCounts(1, 1)),
        ('<testcase status="notrun"/><testcase status="run"/>', TestCounts(1, 1)),
        ("<testcase><system-out><failure/></system-out></testcase>", TestCounts(1, 0)),
        ("<testsuite><testsuite><testcase><error/></testcase></testsuite></testsuite>", TestCounts(1, 0, 1)),
        ("<failure/><skipped/><testcase/>", TestCounts(1, 0)),
        ('<j:testcase xmlns:j="x"><j:failure/></j:testcase>', TestCounts(1, 0, 1)),
    ],
)
def test_what_a_testcase_says_counts_once(tmp_path: Path, cases: str, expected: TestCounts) -> None:
    assert from_junit(report(tmp_path, f"<testsuite>{cases}</testsuite>")) == expected


def test_a_report_with_a_document_type_is_refused_before_anything_expands(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "bomb"}">' for n in range(12))
    bomb = f"<!DOCTYPE testsuite [{entities}]><testsuite>&e11;</testsuite>"
    outside = '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>'
    with at_most(1):
        for content in (bomb, outside):
            assert "refused: it declares a document type" in str(from_junit(report(tmp_path, content)))


def test_a_report_with_a_million_testcases_is_refused(tmp_path: Path) -> None:
    content = "<testsuite>" + "<testcase/>" * 1_000_000 + "</testsuite>"
    assert "more than 500000 testcases" in str(from_junit(report(tmp_path, content)))


def test_a_report_that_is_deeply_nested_is_refused(tmp_path: Path) -> None:
    assert "elements deep" in str(from_junit(report(tmp_path, "<testsuite>" * 100_000)))


def test_a_report_that_is_too_large_is_refused_without_being_parsed(tmp_path: Path) -> None:
    path = report(tmp_path, "<testsuite><testcase/></testsuite>")
    os.truncate(path, LARGEST_REPORT + 1)
    assert f"at most {LARGEST_REPORT} bytes" in str(from_junit(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"all tests passed",
        b"<testsuite><testcase>",
        b"<testsuite><testcase/></testsuite><testsuite/>",
        b"<testsuite>\xff\xfe</testsuite>",
        b"<testsuite>\0</testsuite>",
        b"<testsuite>&#0;</testsuite>",
        b"<testsuite>&nbsp;</testsuite>",
        b'<?xml version="1.0" encoding="no-such-encoding"?><testsuite/>',
        b'<?xml version="1.0" encoding="shift_jis"?><testsuite/>',
        b'<?xml version="1.0" encoding="hex"?><testsuite/>',
    ],
)
def test_a_malformed_report_is_a_problem_and_no_count(tmp_path: Path, content: bytes) -> None:
    assert str(from_junit(report(tmp_path, content))).startswith("the test report is malformed: ")


def test_a_document_of_another_kind_is_no_report(tmp_path: Path) -> None:
    assert "its root is <html>" in str(from_junit(report(tmp_path, "<html><testcase/></html>")))


def test_a_report_that_was_not_written_is_named_as_such(tmp_path: Path) -> None:
    assert from_junit(tmp_path / "none.xml") == NO_REPORT


def test_a_link_a_pipe_and_a_folder_in_place_of_a_report_are_not_read(tmp_path: Path) -> None:
    real = report(tmp_path, "<testsuite><testcase/></testsuite>")
    link, pipe, folder = tmp_path / "link", tmp_path / "pipe", tmp_path / "folder"
    link.symlink_to(real)
    os.mkfifo(pipe)
    folder.mkdir()
    assert "cannot be read" in str(from_junit(link))
    for path in (pipe, folder):
        assert "not a regular file" in str(from_junit(path))


def test_what_pythons_unittest_prints_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(SUITE)
    ran = subprocess.run([sys.executable, "-m", "unittest"], cwd=tmp_path, capture_output=True)
    assert from_unittest(ran.stdout + ran.stderr) == TestCounts(ran=5, skipped=1, failed=3)


def test_a_suite_without_tests_ran_none(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "unittest"], cwd=tmp_path, capture_output=True)
    assert from_unittest(ran.stderr) == TestCounts(0, 0)
    assert from_unittest(b"\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n") == TestCounts(0, 0)
    assert from_unittest(b"\nRan 2 tests in 0.000s\n\nNO TESTS RAN (skipped=2)\n") == TestCounts(0, 2)


def test_of_several_summaries_the_last_counts() -> None:
    first, last = b"\nRan 40 tests in 0.1s\n\nOK\n", b"\nRan 3 tests in 0.001s\n\nFAILED (failures=1, errors=1)\n"
    assert from_unittest(first + b"more\n" + last + b"bye\n") == TestCounts(3, 0, 2)


@pytest.mark.parametrize(
    "output",
    [b"", b"Ran 5 tests in 0.1s", b"it says: Ran 5 tests in 0.1s\n\nOK\n", b"Ran 5 tests in 0.1s\n\nperhaps\n"],
)
def test_output_without_a_whole_summary_counts_nothing(output: bytes) -> None:
    assert from_unittest(output) == NO_SUMMARY
