"""`onloop demo swarm-feature`: its scenario, its agents' way with conflicts, and one unattended run to its end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kill_demo import environment, kill_everything
from onloop.cli.verb_table import VERBS
from onloop.demo import brief_reader, programs, scenario, swarm_play
from onloop.demo.actor import PERSONAS
from onloop.demo.brief_reader import RemarkKind
from onloop.demo.demo_git import git
from onloop.demo.desk import run_suite, write_files
from onloop.demo.plays import PLAYS
from onloop.demo.scenario import Pattern, ScriptedOutcome, ScriptedReview
from onloop.errors import BadInput, UnknownThing
from onloop.machine.definition import inner_steps
from onloop.machine.state import State
from onloop.records import replace
from onloop.workflow.loader import load

SWARM = PLAYS[Pattern.SWARM]
PARTS = ("store", "service", "command line", "mend")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    kill_everything(tmp_path)


def _demo(folder: Path, *words: str) -> tuple[int, dict[str, object]]:
    command = [sys.executable, "-m", "onloop.cli.entry", "demo", *words, "--unattended", "--json"]
    ran = subprocess.run(
        [*command, "--dir", str(folder / "demo")],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    told: dict[str, object] = json.loads(ran.stdout)
    return ran.returncode, told


def test_three_parts_a_question_a_conflict_and_a_failed_review_become_one_merge(folder: Path) -> None:
    code, told = _demo(folder, "swarm-feature")

    assert (code, told["ok"], told["problems"]) == (0, True, []), told
    origin = folder / "demo" / "origins" / "link-shortener.git"
    assert len(git(origin, "log", "--first-parent", "--merges", "--format=%h", "main").split()) == 1
    assert "OLD_LINKS_DAYS = None" in git(origin, "show", "main:links/store.py"), "the answer was: for ever"
    assert "ends <= self" in git(origin, "show", "main:links/service.py"), "what the reviewer found was mended"
    readme = git(origin, "show", "main:README.md")
    assert ("[--days N]" in readme, "once the link has ended" in readme, "<<<<" in readme) == (True, True, False)
    code, told = _demo(folder, "cve-remediation")
    assert (code, told["error"]) == (2, "bad_input"), "a folder goes on with what it was begun with"


def test_every_play_can_be_typed_and_its_agents_can_play_it() -> None:
    verb = next(verb for verb in VERBS if verb.name == "demo")
    assert set(verb.arguments[0].options["choices"]) == {play.name for play in PLAYS.values()}
    for pattern, play in PLAYS.items():
        loaded = scenario.load(play.scenario)
        assert loaded.pattern is pattern
        assert {persona for part in loaded.parts.values() for persona in part.personas} <= set(PERSONAS[pattern])
        walked = load(play.paced(), "paced.yaml").steps
        inner = [each for step in walked if step.fan_out is not None for each in inner_steps(step.fan_out)]
        steps = {step.id for step in (*walked, *inner)}
        assert {step for part in loaded.parts.values() for step in part.steps} <= steps


def test_a_tasks_part_is_named_by_its_title_up_to_the_colon() -> None:
    played = scenario.load(SWARM.scenario)
    assert played.part_of("link-shortener", "service: what: it does").name == "service"
    with pytest.raises(UnknownThing, match="the scenario has no part for the task 'payroll'"):
        played.part_of("link-shortener", "payroll: pay")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: swarm", "kind: flock", "swarm.yaml: kind: 'flock' is not allowed here"),
        ("kind: swarm", "kind: fleet", "swarm.yaml: unknown field 'tasks'"),
        ("antagonist", "nobody", "tasks: expiry: steps: review.code: 'nobody' is not allowed here"),
        ("[fail, pass]", "[maybe]", "tasks: expiry: expect: reviews: 0: 'maybe' is not allowed here"),
    ],
)
def test_a_broken_swarm_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = SWARM.scenario.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "swarm.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=re.escape(message)):
        scenario.load(path)


def test_a_review_that_never_failed_differs_from_one_that_did() -> None:
    expected = ScriptedOutcome(State.COMPLETED, merged=True, reviews=(ScriptedReview.FAIL, ScriptedReview.PASS))
    assert scenario.verdict(expected, expected) == ()
    assert scenario.verdict(expected, replace(expected, reviews=(ScriptedReview.PASS,))) == (
        "reviewers said pass, not fail, then pass",
    )


@pytest.mark.parametrize("key", PARTS[:3])
def test_each_part_passes_the_tests_by_itself_and_brings_more_of_them(key: str, tmp_path: Path) -> None:
    write_files(tmp_path, programs.program(swarm_play.PROGRAM).files)
    before = run_suite(tmp_path)
    write_files(tmp_path, programs.part(swarm_play.PROGRAM, swarm_play.CHANGE, key))
    after = run_suite(tmp_path)
    assert (before.passed, after.passed) == (True, True), after.cause
    assert after.ran > before.ran


def test_what_a_reviewer_said_is_the_last_word_and_not_a_persons() -> None:
    read = brief_reader.read(
        "# Task a: b\n## What came back\n- judged by agent:r-1, who is another agent: it ends late\n"
    )
    assert (read.wanted, read.from_people, read.remarks[0].kind) == ("it ends late", (), RemarkKind.REVIEW)


def test_a_conflict_keeps_each_line_that_either_side_changed() -> None:
    text = "a\n<<<<<<< ours\nadd\ngo, ended\n||||||| base\nadd\ngo\n=======\nadd --days\ngo\n>>>>>>> theirs\nz\n"
    assert swarm_play.mended(text) == "a\nadd --days\ngo, ended\nz\n"
