"""The short path of the real `onloop check` says what the long one says, and leaves to it whatever is unusual."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.cli.glance import glance
from onloop.errors import Exit
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from support.scenario import FAIL, HEAD, OTHER_HEAD, work
from support.steps import MINUTE
from support.waiting import DEADLINE_S
from support.zygote import run_python

ROOT = Path(__file__).parents[2]
BOTH_PATHS = """\
import contextlib, io, json, sys
from onloop.cli.glance import glance
from onloop.cli.main import run
def printed(path):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = path()
    return code, out.getvalue()
verb = "next" if "next" in sys.argv else "check"
words = [word for word in sys.argv[1:] if word != "next"]
short = printed(lambda: glance(verb, as_json="--json" in words))
print(json.dumps([short, printed(lambda: run([verb, *words]))]))
"""
Printed = tuple[int | None, str]
LEFT: Printed = (None, "")
"""What the short path does with what it leaves to the long one."""


def both_paths(
    shop: Shop, folder: Path, *words: str, head: str = HEAD, secret: str = "", task: str = "r1"
) -> tuple[Printed, Printed]:
    """What the short and the long path answer and print, in a clone whose HEAD is at `head`."""
    code, out, err = run_python(BOTH_PATHS, *words, env=surroundings(folder, secret or shop.secrets["r1"], task, head))
    assert code == 0, err
    short, long = json.loads(out)
    return tuple(short), tuple(long)


def surroundings(folder: Path, secret: str, task: str = "r1", head: str = HEAD) -> dict[str, str]:
    """An agent's environment, and the clone with HEAD at `head` that goes with it."""
    git_dir = folder / "environments" / "r1" / ".git"
    git_dir.mkdir(parents=True, exist_ok=True)
    (git_dir / "HEAD").write_text(f"{head}\n")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("core", "tui")),
        "ONLOOP_STORE": str(folder / "store"),
        "ONLOOP_TOKEN": secret,
        "ONLOOP_TASK": task,
    }


def running(shop: Shop) -> None:
    shop.submit(shop.claim())


def redo(shop: Shop) -> None:
    running(shop)
    shop.report(verdict=FAIL)


def achieved(shop: Shop) -> None:
    running(shop)
    shop.report()


def question(shop: Shop) -> None:
    redo(shop)
    shop.ask(shop.agent(shop.secrets["r1"]), "Which \u202eport\x1b[31m?\nThis one?")


def ended(shop: Shop) -> None:
    running(shop)
    shop.cancel()


def released(shop: Shop) -> None:
    redo(shop)
    agent = shop.agent(shop.secrets["r1"])
    shop.gateway.perform(PerformCommand(agent, "r1", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)))


SITUATIONS: Mapping[Callable[[Shop], None], Exit] = {
    running: Exit.NOT_YET,
    redo: Exit.REDO,
    achieved: Exit.OK,
    question: Exit.HELD,
    ended: Exit.ENDED,
    released: Exit.NOT_YOURS,
}


@pytest.mark.parametrize(
    "words", [(), ("--json",), ("next",), ("next", "--json")], ids=["text", "json", "next", "next-json"]
)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_the_short_path_prints_what_the_long_one_prints(
    today: Shop, tmp_path: Path, situation: Callable[[Shop], None], words: tuple[str, ...]
) -> None:
    today.begin()
    situation(today)
    log = today.log()

    short, long = both_paths(today, tmp_path, *words)

    assert short == long
    assert (short[0], short[1].count("\x1b"), short[1].count("\u202e")) == (SITUATIONS[situation], 0, 0)
    assert today.log() == log


def test_before_anything_is_submitted_head_makes_no_difference(today: Shop, tmp_path: Path) -> None:
    today.begin()
    today.claim()

    for head in (HEAD, OTHER_HEAD, "no commit"):
        short, long = both_paths(today, tmp_path, head=head)

        assert (short, long[0]) == (long, Exit.NOT_YET)
        assert "nothing is submitted" in long[1]


def test_where_head_has_moved_the_long_path_answers(today: Shop, tmp_path: Path) -> None:
    today.begin()
    running(today)

    short, long = both_paths(today, tmp_path, head=OTHER_HEAD)

    assert (short, long[0]) == (LEFT, Exit.NOT_YET)
    assert long[1].endswith("next: onloop submit\n")


@pytest.mark.parametrize("scope", ["all", "run:r9"])
def test_while_anything_is_frozen_the_long_path_answers(today: Shop, tmp_path: Path, scope: str) -> None:
    today.begin()
    running(today)
    today.freeze(scope)

    short, long = both_paths(today, tmp_path)

    assert (short, long[0]) == (LEFT, Exit.HELD if scope == "all" else Exit.NOT_YET)


def test_after_a_freeze_the_short_path_answers_again(today: Shop, tmp_path: Path) -> None:
    today.begin()
    running(today)
    today.freeze()
    today.unfreeze()

    short, long = both_paths(today, tmp_path)

    assert short == long and short[0] == Exit.NOT_YET


def test_once_something_is_due_the_long_path_answers(today: Shop, tmp_path: Path) -> None:
    today.later(-2 * MINUTE)
    today.begin()
    redo(today)

    short, _ = both_paths(today, tmp_path)

    assert short == LEFT


def test_a_token_of_nobodys_gets_no_glance(today: Shop, tmp_path: Path) -> None:
    today.begin()
    running(today)

    short, long = both_paths(today, tmp_path, secret="onl_agt_guessed")

    assert (short, long[0]) == (LEFT, Exit.NOT_YOURS)


def test_a_task_that_is_not_the_tokens_gets_no_glance_and_is_refused(today: Shop, tmp_path: Path) -> None:
    today.begin()
    running(today)

    short, long = both_paths(today, tmp_path, task="r2")

    assert (short, long[0]) == (LEFT, Exit.NOT_YOURS)


@pytest.mark.parametrize("name", ["ONLOOP_TOKEN", "ONLOOP_STORE"])
def test_what_is_not_utf8_gets_no_glance(
    today: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    today.begin()
    running(today)
    monkeypatch.setenv("ONLOOP_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("ONLOOP_TOKEN", today.secrets["r1"])
    monkeypatch.setenv(name, "\udcff")

    assert glance("check", as_json=False) is None


def test_a_new_submission_is_answered_at_once(today: Shop, tmp_path: Path) -> None:
    today.begin()
    redo(today)
    today.submit(today.agent(today.secrets["r1"]), work(OTHER_HEAD))

    short, long = both_paths(today, tmp_path, head=OTHER_HEAD)

    assert short == long and short[0] == Exit.NOT_YET


def test_a_short_answer_loads_next_to_nothing_from_the_first_line_of_the_command_on(
    today: Shop, tmp_path: Path
) -> None:
    today.begin()
    running(today)
    environment = {**surroundings(tmp_path, today.secrets["r1"]), "PYTHONPROFILEIMPORTTIME": "1"}
    command = [sys.executable, "-c", "import sys; from onloop.cli.entry import main; sys.exit(main())", "check"]

    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S)

    assert ran.returncode == Exit.NOT_YET
    assert ran.stdout == both_paths(today, tmp_path)[0][1]
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "onloop.cli.glance" in loaded
    assert loaded & {"re", "enum", "json", "functools", "dataclasses", "typing", "argparse", "hashlib"} == set()
