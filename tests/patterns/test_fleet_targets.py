"""Targets of a fleet, and fleet files: what they say, and what is wrong with them, with its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from onloop.access import target_sources
from onloop.access.fleet_file import load_fleet
from onloop.access.target_sources import targets_in_file, targets_of_command, targets_of_glob
from onloop.access.targets import LARGEST_FLEET, read_targets
from onloop.errors import BadInput, WorkflowError

HERE = Path("/srv")


def test_a_line_has_a_place_a_branch_and_fields_in_any_order() -> None:
    (target,) = read_targets("priority=-5 a.git owner=web main label=hot label=old", "t.txt", HERE)

    assert (target.origin, target.branch, target.labels) == ("/srv/a.git", "main", ("hot", "old"))
    assert (target.owner, target.priority) == ("web", -5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.git\n\nb.git\na.git\n", "t.txt:4:1: /srv/a.git is listed twice, in lines 1 and 4"),
        ("a.git main more", "t.txt:1:1: 'a.git main more' has 3 words"),
        ("owner=web", "t.txt:1:1: 'owner=web' has 0 words"),
        ("a.git priority=high", "t.txt:1:1: priority=high is no priority"),
        ("a.git priority=1001", "priority=1001 is no priority"),
        ("a.git owner=a owner=b", "owner= is there twice"),
        ("a.git label=", "label='' is no word"),
        ("# nothing\n", "t.txt names no repositories"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(text: str, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_targets(text, "t.txt", HERE)

    assert words in refused.value.message and refused.value.hint


def test_as_many_targets_as_a_fleet_may_have_are_taken_and_one_more_is_refused_with_the_limit() -> None:
    lines = [f"r{number}.git" for number in range(LARGEST_FLEET)]

    assert len(read_targets("\n".join(lines), "t.txt", HERE)) == LARGEST_FLEET
    with pytest.raises(BadInput, match=f"more than {LARGEST_FLEET} repositories"):
        read_targets("\n".join([*lines, "one-more.git"]), "t.txt", HERE)


def test_a_pattern_names_folders_in_order_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b/two.git", "a/one.git", "a/.hidden.git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "file.git").touch()

    assert [target.name for target in targets_of_glob("*/*.git", tmp_path)] == ["one", "two"]
    with pytest.raises(BadInput, match="names no repositories"):
        targets_of_glob("nowhere/*", tmp_path)


def test_a_program_runs_without_a_shell_and_without_what_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLOOP_TOKEN", "secret")
    told = "print([k for k in os.environ if k.startswith('ONLOOP')], file=open('env', 'w'))"
    script = f"import os; print('$(id).git'); {told}"

    (target,) = targets_of_command([sys.executable, "-c", script], tmp_path)
    assert target.origin == f"{tmp_path}/$(id).git"
    assert (tmp_path / "env").read_text() == "[]\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit(3)", "ended with exit code 3"),
        ("import time; time.sleep(600)", "took longer than 1 s"),
        ("while True: print('a.git ' * 1000)", "printed more than"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
    ],
)
def test_a_program_that_fails_hangs_or_floods_is_ended_in_words(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_sources, "LONGEST_S", 1.0 if "sleep" in script else 60.0)

    with pytest.raises(BadInput, match=words):
        targets_of_command([sys.executable, "-c", script], tmp_path)


def test_a_program_that_is_not_there_and_a_file_that_is_too_large_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be run"):
        targets_of_command(["/no/such/program"], tmp_path)
    (tmp_path / "t.txt").write_bytes(b"#" * (target_sources.LARGEST_TARGETS + 1))
    with pytest.raises(BadInput, match="larger than"):
        targets_in_file(tmp_path / "t.txt", "t.txt")


WHOLE = """\
fleet: kvlite-2
title: Move to kvlite 2
workflow: cve-remediation
targets: {glob: 'repos/*.git'}
waves: [1, 5, 25%, rest]
gate: {from: [leads], assurance: A1}
halt: {failed: 20%, of: 10, alike: 3}
max_parallel: 20
max_per_host: 4
max_per_owner: 2
labels: [security]
"""


def test_a_fleet_file_says_all_that_a_fleet_is_begun_with() -> None:
    part = load_fleet(WHOLE.encode(), "f.yaml")

    assert (part.waves, part.max_per_host, part.labels) == (["1", "5", "25%", "rest"], 4, ["security"])
    assert part.halt is not None and (part.halt.failed, part.halt.of, part.halt.alike) == (20, 10, 3)
    assert part.gate is not None and (part.gate.approvers, part.gate.assurance) == (["leads"], "A1")
    human = load_fleet(WHOLE.replace("gate: {from: [leads], assurance: A1}", "gate: human").encode(), "f.yaml")
    assert human.gate is not None and human.gate.approvers is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("waves: [1", "waves: [0", "f.yaml:5:8: a wave of 0 would pass"),
        ("waves: [1, 5, 25%, rest]", "waves: [rest, 1]", "f.yaml:5:8: rest is not the last"),
        ("failed: 20%", "failed: 0%", "f.yaml:7:7: halting at 0 %"),
        ("failed: 20%, ", "", "f.yaml:7:7: 10 is of no share"),
        ("glob: 'repos/*.git'", "glob: a, file: b", "f.yaml:4:10: targets has file and glob"),
        ("glob: 'repos/*.git'", "", "f.yaml:4:10: targets names nothing"),
        ("title: Move", "tittle: Move", "f.yaml:2:1: unknown field 'tittle'"),
        ("max_parallel: 20", "max_parallel: 0", "f.yaml:8:15: max_parallel is 0"),
        ("gate: {from: [leads], assurance: A1}", "gate: nobody", "f.yaml:6:7: gate: that is no gate between waves"),
        ("waves: [1, 5, 25%, rest]", "waves: [rest]", "f.yaml:6:7: a fleet of one wave has nothing between"),
        ("workflow: cve-remediation\n", "", "f.yaml:1:1: a fleet lacks workflow"),
        ("fleet: kvlite-2", "fleet: &a kvlite-2", "f.yaml:1:"),
        ("labels: [security]", "labels: [security]\nlabels: [x]", "f.yaml:12:1:"),
    ],
)
def test_what_is_wrong_with_a_fleet_file_has_its_place(old: str, new: str, words: str) -> None:
    assert old in WHOLE
    with pytest.raises(WorkflowError) as refused:
        load_fleet(WHOLE.replace(old, new).encode(), "f.yaml")

    assert any(words in line for line in str(refused.value).splitlines()), str(refused.value)
