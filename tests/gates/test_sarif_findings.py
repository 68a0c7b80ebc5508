"""SARIF reports, as honest analysers and as a hostile commit write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.gates.reports.sarif_findings import Findings, counted, findings_of, new_ones
from onloop.machine.definition import FindingLevel

CHECKOUT = "/work/checkout"


def result(rule: str = "S105", path: str = "app.py", line: int = 1, **more: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}
    return {"ruleId": rule, "level": "error", "message": {"text": f"line {line}"}, "locations": [place], **more}


def sarif(*results: Mapping[str, Any], **run: Any) -> str:
    tool = {"driver": {"name": "scan"}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results, **run}]})


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.sarif"


def read(report: Path, text: str | bytes) -> Findings | str:
    report.write_bytes(text.encode() if isinstance(text, str) else text)
    return findings_of(report, CHECKOUT)


def found(report: Path, *results: Mapping[str, Any], **run: Any) -> Findings:
    read_back = read(report, sarif(*results, **run))
    assert isinstance(read_back, Findings), read_back
    return read_back


def news(report: Path, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    at_base = counted(found(report, *before).found)
    return [finding.words for finding in new_ones(found(report, *after).found, at_base)]


def test_a_finding_that_moved_is_not_new_and_one_more_of_its_kind_is(report: Path) -> None:
    assert news(report, [result(line=3)], [result(line=90)]) == []
    assert news(report, [result(line=3)], [result(line=90), result(line=4)]) == ["S105 in app.py: line 4"]
    assert news(report, [result()], [result(path="other.py")]) == ["S105 in other.py: line 1"]
    assert news(report, [result()], [result(rule="S106")]) == ["S106 in app.py: line 1"]


def test_a_fingerprint_tells_findings_apart_better_than_the_path(report: Path) -> None:
    print_a, print_b = (dict[str, Any](partialFingerprints={"primary/v1": word}) for word in "ab")
    assert news(report, [result(**print_a)], [result(path="moved.py", **print_a)]) == []
    assert len(news(report, [result(**print_a)], [result(**print_b)])) == 1


def test_a_path_is_the_same_wherever_the_checkout_lay(report: Path) -> None:
    plain = found(report, result(path="src/a b.py")).found
    for spelt in ("./src/a%20b.py", f"file://{CHECKOUT}/src/a%20b.py", f"{CHECKOUT}/src/a b.py"):
        assert [one.key for one in found(report, result(path=spelt)).found] == [one.key for one in plain]
    listed = result(path="")
    listed["locations"][0]["physicalLocation"]["artifactLocation"] = {"index": 0}
    files = [{"location": {"uri": "src/a b.py"}}]
    assert [one.key for one in found(report, listed, artifacts=files).found] == [one.key for one in plain]


def test_the_level_is_the_results_own_else_its_rules_else_warning(report: Path) -> None:
    rules = {"driver": {"name": "scan", "rules": [{"id": "R1", "defaultConfiguration": {"level": "note"}}]}}
    plain = {key: value for key, value in result("R1").items() if key != "level"}
    assert [one.level for one in found(report, plain, tool=rules).found] == [FindingLevel.NOTE]
    by_index = {key: value for key, value in plain.items() if key != "ruleId"} | {"ruleIndex": 0}
    assert [one.level for one in found(report, by_index, tool=rules).found] == [FindingLevel.NOTE]
    assert [one.level for one in found(report, plain).found] == [FindingLevel.WARNING]
    assert found(report, result(level="note")).at(FindingLevel.WARNING) == ()


def test_what_is_no_finding_does_not_count(report: Path) -> None:
    none = [result(level="none"), result(kind="pass"), result(baselineState="absent")]
    assert found(report, *none).found == ()
    assert found(report, *none).results == 3


def test_a_suppression_in_the_code_is_remembered_and_hides_nothing_from_what_is_new(report: Path) -> None:
    excused = result(suppressions=[{"kind": "inSource"}])
    assert [one.is_suppressed for one in found(report, excused).found] == [True]
    assert len(news(report, [], [excused])) == 1
    refused = result(suppressions=[{"kind": "external", "status": "rejected"}])
    assert [one.is_suppressed for one in found(report, refused).found] == [False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "malformed"),
        ("[]", "malformed"),
        ('{"version": "2.1.0"}', "missing required field `runs`"),
        ('{"version": "2.0.0", "runs": []}', "its version is '2.0.0', not 2.1.0"),
        ('{"version": "2.1.0", "runs": []}', "no analyser ran"),
        ('{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}', "no list of results"),
        (sarif(invocations=[{"executionSuccessful": False}]), "did not come to its end"),
        (sarif(result(level="fatal")), "the level 'fatal'"),
        (sarif(result(ruleIndex="0")), "Expected `int`"),
        ("[" * 100_000, "malformed"),
        ('{"version": "2.1.0", "runs": [' + '{"a":' * 100_000, "malformed"),
        (b'{"version": "\xff"}', "malformed"),
    ],
)
def test_what_is_no_sarif_report_says_why(report: Path, text: str | bytes, words: str) -> None:
    assert words in str(read(report, text))


def test_words_of_a_finding_carry_no_control_bytes(report: Path) -> None:
    hostile = found(report, result(rule="\x1b[31mR", path="a\nb", message={"text": "\x07" * 500})).found[0]
    assert hostile.words.isprintable()
    assert len(hostile.words) <= 200


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_as_many_are_new_as_there_are_more_of_each_kind(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    report = tmp_path_factory.mktemp("new") / "report"
    new = news(report, [result(path=path) for path in before], [result(path=path) for path in after])
    assert len(new) == sum(max(0, after.count(path) - before.count(path)) for path in "abc")
