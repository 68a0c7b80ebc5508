"""The verb audit, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.errors import Exit
from support.world import WORKFLOW, World

WATCHED = """
import os, sys
from onloop.cli.main import run

def look(event, given):
    if event == "open" and str(given[0]).endswith("AGENTS.md"):
        fds = os.listdir("/proc/self/fd")
        print("READ", *(os.readlink(f"/proc/self/fd/{fd}") for fd in fds if os.path.lexists(f"/proc/self/fd/{fd}")))

sys.addaudithook(look)
sys.exit(run(sys.argv[1:]))
"""
"""Runs a verb, and says which files are open whenever instructions are read."""
HOSTILE = "\x1b[31mCLAUDE\n|x|`y`.md"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A store with an approver; a repository with a workflow, and one with nothing but a hostile name."""
    world = World(tmp_path_factory.mktemp("audit"))
    world.init()
    shown = {".onloop/workflow.yaml": WORKFLOW, "AGENTS.md": "See `tests/no.py`.\n", ".devcontainer.json": "{}"}
    world.origin("shop", shown)
    world.origin("bare", {f"adr/{HOSTILE}": "x"})
    return world


def _shop(world: World) -> Path:
    return world.folder / "origins" / "shop.git"


def test_four_primitives_and_every_artefact_are_told_with_evidence_and_the_next_command(world: World) -> None:
    found = world.onloop("audit", str(_shop(world)), "--json").json

    primitives = {each["primitive"]: each for each in found["primitives"]}
    artefacts = {each["artefact"]: each for each in found["artefacts"]}
    assert list(primitives) == ["runtime", "orchestration", "triggers", "coordination"]
    assert {name: each["degree"] for name, each in primitives.items()} == {
        "runtime": "partial",
        "orchestration": "solved",
        "triggers": "missing",
        "coordination": "partial",
    }
    assert "gates of machines: hello, tests" in primitives["orchestration"]["evidence"]
    assert primitives["coordination"]["evidence"] == ["people are asked at release"]
    assert primitives["coordination"]["missing"] == ["a person who may approve", "an agent that asks the gateway"]
    assert primitives["coordination"]["next"] == "onloop init", "a scripted store has nobody who may approve"
    assert artefacts["agents-md"]["standing"] == "stale" and artefacts["agents-md"]["places"][0]["line"] == 1
    assert artefacts["tests"]["standing"] == "present" and artefacts["skills"]["standing"] == "absent"
    assert len(artefacts) == 19 and found["commit"]


def test_an_agent_is_solved_where_it_is_installed_logged_in_and_hooked(world: World, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    there = {"HOME": str(tmp_path), "PATH": f"{program.parent}:{world.environment['PATH']}", "ANTHROPIC_API_KEY": "x"}

    before = world.onloop("audit", str(_shop(world)), "--json", env=there).json["agents"][0]
    world.onloop("hook", "install", "claude", "--user", env=there)
    after = world.onloop("audit", str(_shop(world)), "--json", env=there).json["agents"][0]

    assert (before["degree"], before["next"]) == ("partial", "onloop hook install claude")
    assert (after["degree"], after["next"], after["program"]) == ("solved", "", str(program))


def test_a_fleet_is_one_table_and_what_is_demanded_and_lacking_is_exit_10(world: World) -> None:
    ran = world.onloop("audit", "--fleet", str(world.folder / "origins"), "--require", "tests,agents-md")
    good = world.onloop("audit", str(_shop(world)), "--require", "tests,orchestration")
    unknown = world.onloop("audit", "--require", "test")

    assert (ran.code, good.code, unknown.code) == (Exit.NOT_YET, Exit.OK, Exit.USAGE)
    assert ran.out.splitlines()[0].split()[:2] == ["REPOSITORY", "RUNTIME"]
    assert "shop.git is not so: agents-md" in ran.err and "bare.git is not so: agents-md" in ran.err
    assert ["decision-records", "1", "0", "1"] in [line.split() for line in ran.out.splitlines()]
    assert "one of: runtime" in unknown.err


def test_a_repository_that_cannot_be_looked_at_does_not_hide_the_others(world: World) -> None:
    ran = world.onloop("audit", str(_shop(world)), "/nowhere/at/all", "--json")

    assert ran.code == Exit.UNAVAILABLE
    assert [each["name"] for each in ran.json["repositories"]] == ["shop.git"]
    assert ran.json["unread"][0]["path"] == "/nowhere/at/all"


@pytest.mark.parametrize("form", [(), ("--md",), ("--json",)])
def test_a_hostile_name_is_text_and_never_control_or_markup(world: World, form: tuple[str, ...]) -> None:
    ran = world.onloop("audit", str(world.folder / "origins" / "bare.git"), *form)

    assert ran.code == 0 and "CLAUDE" in ran.out and "\x1b" not in ran.out
    assert form != ("--md",) or not [line for line in ran.out.splitlines() if line.startswith("|x|")]
    assert form != ("--json",) or json.loads(ran.out)["artefacts"]


def test_without_a_store_it_looks_all_the_same_and_says_so(world: World, tmp_path: Path) -> None:
    ran = world.onloop("audit", str(tmp_path), "--store", str(tmp_path / "none"))

    assert ran.code == 0 and "no store was looked at" in ran.err and "it is no git repository" in ran.out
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the kernel does not list open files here")
@pytest.mark.parametrize("words", [("audit",), ("audit", "--fleet")])
def test_the_store_is_closed_before_a_repository_is_opened(
    world: World, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "shop" / "objects").mkdir(parents=True)
    (tmp_path / "shop" / "AGENTS.md").write_text("x")
    program = [sys.executable, "-c", WATCHED, *words, str(tmp_path if len(words) > 1 else tmp_path / "shop")]

    ran = subprocess.run(program, env=world.environment, cwd=world.folder, capture_output=True, text=True, check=True)

    read = [line for line in ran.stdout.splitlines() if line.startswith("READ")]
    assert read and "no store was looked at" not in ran.stderr
    assert not [line for line in read if "onloop.db" in line or "turnstile.lock" in line]
