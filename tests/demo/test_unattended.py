"""The whole demo by itself: killed half-way with everything it runs, resumed, and ended as its scenario says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from benchmarks.kill_demo import demo, environment, kill_everything
from onloop.store.sqlite.database import FILE
from support.waiting import wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    kill_everything(tmp_path)


def _onloop(folder: Path, *words: str) -> dict[str, object]:
    command = [sys.executable, "-m", "onloop.cli.entry", *words, "--json"]
    ran = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False)
    told: dict[str, object] = json.loads(ran.stdout)
    return told


def _ended(folder: Path) -> int:
    """How many tasks are completed; read from the file, for a command at each look would take a core from the demo."""
    file = folder / "demo" / "store" / FILE
    if not file.exists():
        return 0
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        counted = connection.execute("SELECT count(*) FROM task WHERE state='completed'").fetchall()
        connection.close()
    except apsw.Error:  # it is being made, or repaired after a kill
        return 0
    return int(str(counted[0][0]))


def test_a_demo_that_is_killed_goes_on_where_it_stood_and_ends_as_the_scenario_says(folder: Path) -> None:
    first = demo(folder)
    before = wait_for(lambda: (ended := _ended(folder)) >= 2 and ended, lambda: "nothing was merged in time")
    killed = kill_everything(folder)
    first.communicate()
    kept = _ended(folder)

    again = _onloop(folder, "demo", "--unattended", "--dir", str(folder / "demo"))

    assert killed >= 3
    assert kept >= before
    assert again["ok"], again


def test_a_folder_that_is_no_demos_is_left_alone(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("years of work")

    told = _onloop(folder, "demo", "--unattended", "--dir", str(folder / "mine"))

    assert told["error"] == "bad_input"
    assert [path.name for path in (folder / "mine").iterdir()] == ["thesis.txt"]


def test_without_a_terminal_the_demo_says_how_it_plays_by_itself(folder: Path) -> None:
    told = _onloop(folder, "demo")

    assert told["exit"] == 17
    assert "--unattended" in str(told["hint"])
