"""`onloop demo bank`: a factory of roles that hand over through the gateway, played to its end without a person."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kill_demo import environment, kill_everything
from onloop.demo import bank_play, programs
from onloop.demo.demo_git import git
from onloop.demo.desk import run_suite, write_files

ITEMS = ("transfers", "interest", "statements", "limits", "standing-orders", "sign-in", "export")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    kill_everything(tmp_path)


def test_a_bank_grows_by_seven_features_in_two_rounds_with_nobody_there(folder: Path) -> None:
    command = [sys.executable, "-m", "onloop.cli.entry", "demo", "bank", "--unattended", "--json"]
    ran = subprocess.run(
        [*command, "--dir", str(folder / "demo")],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(ran.stdout)

    assert (ran.returncode, told["ok"], told["problems"]) == (0, True, []), told
    assert {each["name"] for each in told["tasks"]} == {"bank", *ITEMS, "resolve the conflict in README.md"}
    origin = folder / "demo" / "origins" / "bank.git"
    merges = git(origin, "log", "--first-parent", "--merges", "--format=%h", "main").split()
    assert len(merges) == 2, "one release a round"
    assert "- [ ]" not in git(origin, "show", "main:ROADMAP.md"), "nothing is open"
    assert "ROUNDS_UP = False" in git(origin, "show", "main:bank/interest.py"), "the house said: always down"
    assert "if cents <= 0:" in git(origin, "show", "main:bank/transfers.py"), "what review found was mended"
    assert "LIMITS.clear()" in git(origin, "show", "main:tests/test_limits.py"), "the flaky test was mended"
    codes = git(origin, "show", "main:bank/codes.py")
    assert ("secrets.randbelow" in codes, "import random" in codes) == (True, False), "what security found was mended"
    readme = git(origin, "show", "main:README.md")
    assert ("- transfers:" in readme, "- statements:" in readme, "<<<<" in readme) == (True, True, False)
    git(folder, "clone", "--quiet", str(origin), "grown")
    assert run_suite(folder / "grown").ran >= 20


@pytest.mark.parametrize("item", ITEMS)
def test_each_item_passes_the_tests_and_brings_more_of_them(item: str, tmp_path: Path) -> None:
    write_files(tmp_path, programs.program(bank_play.PROGRAM).files)
    if item == "standing-orders":  # they move money
        write_files(tmp_path, programs.part(bank_play.PROGRAM, bank_play.CHANGE, "transfers"))
    before = run_suite(tmp_path)
    files = dict(programs.part(bank_play.PROGRAM, bank_play.CHANGE, item))
    write_files(tmp_path, {path: text.replace("ROUNDS_UP = None", "ROUNDS_UP = True") for path, text in files.items()})
    after = run_suite(tmp_path)

    assert (before.passed, after.passed) == (True, True), after.cause
    assert after.ran > before.ran


def test_the_roadmap_lists_exactly_what_agents_can_build() -> None:
    roadmap = programs.program(bank_play.PROGRAM).files["ROADMAP.md"]
    listed = tuple(line.removeprefix("- [ ] ").partition(":")[0] for line in roadmap.splitlines() if "- [ ]" in line)

    assert listed == ITEMS
    assert len(listed) > bank_play.AT_ONCE, "it takes more than one round"


def test_what_the_bank_gets_wrong_is_truly_wrong(tmp_path: Path) -> None:
    """Each finding of the play is one: review's attack succeeds, the order matters, the codes follow from a seed."""
    files = dict(programs.program(bank_play.PROGRAM).files)
    for item in ("transfers", "limits", "sign-in"):
        files |= programs.part(bank_play.PROGRAM, bank_play.CHANGE, item)
    files["bank/transfers.py"] = files["bank/transfers.py"].replace("if cents <= 0:", "if cents == 0:")
    write_files(tmp_path / "bank", files)
    assert run_suite(tmp_path / "bank").passed, "no gate sees it"

    write_files(tmp_path / "attack", programs.part(bank_play.PROGRAM, bank_play.CHANGE, "review-transfers"))
    assert not run_suite(tmp_path / "attack", PYTHONPATH=str(tmp_path / "bank")).passed
    assert bank_play.run_backwards(tmp_path / "bank").modules == {"test_limits"}
    mended = programs.part(bank_play.PROGRAM, bank_play.CHANGE, "mend-codes")
    write_files(tmp_path / "bank", {"tests/test_code_source.py": mended["tests/test_code_source.py"]})
    assert not run_suite(tmp_path / "bank").passed
