"""The real command line, killed while it writes: what it printed is there, and nothing is half done."""
# ruff: noqa: S311 - chance makes tests here

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.store.sqlite.database import SqliteStore
from onloop.store.sqlite.inspection import inspect
from support.world import World

PROGRAM = """
import sys
from faults.disk import Disk, faulty, killing
from onloop.cli.main import run
disk = Disk()
disk.before = killing(int(sys.argv[1]), disk)
with faulty(disk):
    code = run(sys.argv[2:])
sys.stderr.write(f"changes={disk.count}")
sys.exit(code)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.init()
    return made


def _freeze(world: World, point: int, number: int, patience_s: float = 60) -> tuple[int, str, str]:
    """`onloop freeze`, killed at a point of its writing (0: never) or when patience ends."""
    secret = world.folder / "secret"
    secret.write_text("correct horse battery")
    words = ["freeze", f"run:r{number}", "--reason", "look", "--as", "ana", "--json", "--passphrase-fd"]
    tests = str(Path(__file__).parents[1])
    environment = {**world.environment, "PYTHONPATH": f"{world.environment['PYTHONPATH']}:{tests}"}
    with secret.open() as source:
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(point), *words, str(source.fileno())],
            env=environment,
            pass_fds=(source.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            out, err = child.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
    return child.returncode, out, err


def _frozen(world: World) -> tuple[int, set[str]]:
    store = SqliteStore(world.store)
    assert inspect(store).problems == ()
    with store.reading() as at:
        found = at.last_seq(), set(at.house().freezes)
    store.close()
    return found


def _killed(world: World, count: int) -> int:
    """Kill that many calls, half of them at a point, half by the clock; the answer is how many were really killed."""
    chance, killed = random.Random(4), 0
    code, out, err = _freeze(world, 0, 0)
    assert code == 0, err
    last = int(err.rpartition("changes=")[2])
    promised = {"run:r0"}
    seq = json.loads(out)["head"]["seq"]
    for number in range(1, count + 1):
        by_the_clock = number % 2 == 0
        point = 0 if by_the_clock else chance.randrange(1, last + 1)
        code, out, _ = _freeze(world, point, number, chance.uniform(0.15, 0.5) if by_the_clock else 60)
        killed += code < 0
        if out:
            promised.add(f"run:r{number}")
            seq = json.loads(out)["head"]["seq"]
        known, freezes = _frozen(world)
        assert promised <= freezes
        assert known >= seq
    return killed


def test_a_command_that_is_killed_while_it_writes_leaves_no_half_and_loses_no_answer(world: World) -> None:
    assert _killed(world, 6) >= 3


@pytest.mark.soak
def test_a_hundred_commands_that_are_killed_leave_no_half_and_lose_no_answer(world: World) -> None:
    assert _killed(world, 240) >= 100


def test_a_receipt_names_the_end_of_the_log_that_the_change_made(world: World) -> None:
    _, out, _ = _freeze(world, 0, 1)
    store = SqliteStore(world.store)
    with store.reading() as at:
        seq = at.last_seq()
    anchored = store.anchor.read()
    store.close()

    assert anchored is not None
    assert json.loads(out)["head"] == {"seq": seq, "hash": anchored.hash}
    assert "head" not in world.onloop("list", "--json").json


def test_a_store_goes_to_a_file_and_comes_back_through_the_command_line(world: World) -> None:
    there, elsewhere = str(world.folder / "all.jsonl"), str(world.folder / "elsewhere")
    assert world.onloop("store", "export", there, "--json").code == 0

    assert world.onloop("store", "import", there, "--store", elsewhere).code == 0
    verified = world.onloop("store", "verify", "--store", elsewhere, "--json")
    again = world.onloop("store", "import", there, "--store", elsewhere)

    assert verified.json["ok"] is True
    assert again.code == 17
    assert "events already" in again.err


def test_a_person_archives_and_nobody_else_does(world: World) -> None:
    file = str(world.folder / "old.jsonl")
    nobody = world.onloop("store", "archive", file, "--before", "2030-01-01", "--as", "ana")
    person = world.onloop(
        "store", "archive", file, "--before", "2030-01-01", "--as", "ana", "--json", passphrase="correct horse battery"
    )

    assert nobody.code == 13
    assert (person.code, person.json["runs"]) == (15, [])


def test_a_store_of_this_version_has_nothing_to_migrate(world: World) -> None:
    assert "nothing to do" in world.onloop("store", "migrate").out
