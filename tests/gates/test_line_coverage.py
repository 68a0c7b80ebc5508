"""Coverage reports, Cobertura XML and LCOV, as an honest tool and as a hostile commit write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.gates.reports.line_coverage import LineCoverage, coverage_of
from onloop.gates.reports.report_file import LARGEST_REPORT

DOCTYPE = "<!DOCTYPE coverage SYSTEM 'http://cobertura.sourceforge.net/xml/coverage-04.dtd'>"


def cobertura(*lines: str, file: str = "app.py", before: str = "", rate: str = "1.0") -> str:
    listed = "".join(f'<line number="{n}" hits="{hits}"/>' for n, hits in (line.split(":") for line in lines))
    one = f'<class filename="{file}" line-rate="{rate}"><methods/><lines>{listed}</lines></class>'
    return (
        f'<?xml version="1.0" ?>{before}<coverage line-rate="{rate}"><packages><package><classes>{one}</classes>'
        "</package></packages></coverage>"
    )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.xml"


def read(report: Path, text: str | bytes) -> LineCoverage | str:
    report.write_bytes(text.encode() if isinstance(text, str) else text)
    return coverage_of(report)


def test_lines_are_counted_and_rates_in_attributes_are_not_believed(report: Path) -> None:
    assert read(report, cobertura("1:1", "2:0", "3:7", rate="1.0")) == LineCoverage(3, 2)


def test_lines_of_methods_are_among_those_of_their_class(report: Path) -> None:
    text = cobertura("1:1", "2:0").replace(
        "<methods/>", '<methods><method><lines><line number="2" hits="9"/></lines></method></methods>'
    )
    assert read(report, text) == LineCoverage(2, 1)


def test_a_line_that_two_classes_of_one_file_report_counts_once(report: Path) -> None:
    one, two = cobertura("1:0", "2:0"), cobertura("2:3")
    both = one.replace("</classes>", two.partition("<classes>")[2].partition("</classes>")[0] + "</classes>")
    assert read(report, both) == LineCoverage(2, 1)


def test_a_document_type_elsewhere_is_read_over_and_one_of_its_own_is_refused(report: Path) -> None:
    assert read(report, cobertura("1:1", before=DOCTYPE)) == LineCoverage(1, 1)
    own = '<!DOCTYPE coverage [<!ENTITY a "1"><!ENTITY b "&a;&a;">]>'
    assert "document type of its own" in str(read(report, cobertura("1:1", before=own)))


def test_lcov_is_read_by_its_lines_and_not_by_its_sums(report: Path) -> None:
    first = "TN:\nSF:a.js\nFN:1,f\nFNDA:1,f\nDA:1,1\nDA:2,0\nLF:2\nLH:2\nend_of_record\n"
    text = f"{first}SF:b.js\nDA:1,4,checksum\nend_of_record\n"
    assert read(report, text) == LineCoverage(3, 2)
    assert read(report, text.replace("\n", "\r\n")) == LineCoverage(3, 2)
    twice = "SF:a\nDA:1,0\nend_of_record\nSF:a\nDA:1,2\nend_of_record\n"
    assert read(report, twice) == LineCoverage(1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no lines"),
        ("<coverage></coverage>", "has no lines"),
        ("<coverage>", "is malformed: no element found"),
        ("<testsuite/>", "its root is <testsuite>, not <coverage>"),
        ("ok 100%", "neither Cobertura XML nor LCOV: 'ok 100%'"),
        ("DA:1,1\n", "stands before the file"),
        (cobertura("x:1"), "a line has number 'x' and hits '1'"),
        (cobertura("1:-1"), "hits '-1'"),
        (cobertura("1:1", file=""), "no file name"),
        ("<coverage>" + "<a>" * 70 + "</a>" * 70 + "</coverage>", "more than 64 elements deep"),
        (b"\xff\xfe\x00<", "is refused: it is neither"),
    ],
)
def test_what_is_no_coverage_report_says_why(report: Path, text: str | bytes, words: str) -> None:
    assert words in str(read(report, text))


def test_a_pipe_a_link_a_folder_and_a_huge_file_in_its_place_are_not_read(report: Path) -> None:
    assert coverage_of(report) == "no coverage report was written"
    os.mkfifo(report)
    assert "not a regular file" in str(coverage_of(report))
    report.unlink()
    report.symlink_to("/etc/passwd")
    assert "cannot be read" in str(coverage_of(report))
    report.unlink()
    report.write_bytes(b"")
    os.truncate(report, LARGEST_REPORT + 1)
    assert "at most" in str(coverage_of(report))


@given(st.binary(max_size=300) | st.text(alphabet="SFDA:,0123456789\n<>coverage ", max_size=300))
def test_any_bytes_are_an_answer_or_words(tmp_path_factory: pytest.TempPathFactory, content: bytes | str) -> None:
    report = tmp_path_factory.mktemp("any") / "report"
    found = read(report, content)
    assert isinstance(found, str) or 0 <= found.run <= found.lines


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 3)), min_size=1, max_size=60))
def test_both_forms_of_the_same_lines_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[int, int]]
) -> None:
    report = tmp_path_factory.mktemp("same") / "report"
    xml = read(report, cobertura(*(f"{number}:{hits}" for number, hits in lines)))
    lcov = read(report, "SF:app.py\n" + "".join(f"DA:{number},{hits}\n" for number, hits in lines) + "end_of_record\n")
    assert xml == lcov
