"""Bad input gets a clear error or a harmless rendering: never a traceback, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from support.world import PASSPHRASE, WORKFLOW, World

HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\u202egnp.exe [/ [@click=app.quit]x"


def _is_told(ran_err: str, *words: str) -> None:
    assert "Traceback" not in ran_err
    for word in words:
        assert word in ran_err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("aprove", "x"), "did you mean approve?"),
        (("list", "--frobnicate"), "unrecognized arguments: --frobnicate"),
        (("show",), "the following arguments are required: task"),
        (("show", "nope"), "there is no task 'nope'"),
        (("list", "--state", "asleep"), "there is no state 'asleep'"),
        (("list", "--columns", "state,ownr"), "there is no column 'ownr'"),
        (("list", "--sort=-aeg"), "there is no column 'aeg'"),
        (("work", "--role", "implementer"), "there is no agent to run"),
        (("work", "--role", "r", "--lease", "soon", "--", "true"), "'soon' is not a duration"),
        (("workflow", "print", "featur"), "did you mean feature?"),
        (("fleet", "nope", "--targets", "/dev/null"), "there is no built-in workflow 'nope'"),
        (("fleet", "feature", "--targets", "missing.txt"), "missing.txt cannot be read"),
        (("fleet", "feature", "--targets", "/dev/null", "--max-parallel", "0"), "--max-parallel 0"),
        (("freeze", "everything", "--as", "ana"), "'everything' cannot be frozen"),
        (("validate", "missing.yaml"), "there is no file 'missing.yaml'"),
        (("check",), "ONLOOP_TOKEN is not set"),
        (("graph", "missing"), "there is no file 'missing'"),
        (("list", "--store", "\udcff"), "argument 3 is not UTF-8: '\\udcff'"),
        (("log", "--after", "9" * 23), f"{'9' * 23!r} is not a whole number from 0"),
        (("log", "--limit", "-5"), "argument --limit: '-5' is not a whole number"),
        (("log", "--limit", "0"), "--limit 0 shows nothing"),
        (("freeze", "all", "--passphrase-fd", "-1"), "argument --passphrase-fd: '-1'"),
        (("freeze", "all", "--passphrase-fd", "9999999999"), "9999999999 is not a file descriptor"),
    ],
)
def test_every_wrong_call_is_told_what_would_work(world: World, words: tuple[str, ...], said: str) -> None:
    world.init()

    ran = world.onloop(*words)

    assert ran.code == 2, ran.err
    _is_told(ran.err, said, "→")


def test_without_a_store_every_verb_says_how_to_make_one(world: World) -> None:
    for words in (("list",), ("attention",), ("claim", "--role", "r"), ("work", "--role", "r", "--", "true")):
        ran = world.onloop(*words)

        assert ran.code == 17, words
        _is_told(ran.err, "there is no store in", "onloop init")
    alone = world.onloop()
    assert "onloop demo" in alone.out
    assert "onloop init" in alone.out


def test_a_wrong_token_is_not_yours_and_json_says_the_same(world: World) -> None:
    world.init()

    told = world.onloop("check", "--json", env={"ONLOOP_TOKEN": "onl_agt_guess"})

    assert told.code == told.json["exit"] == 13
    assert told.json["error"] == "not_allowed"


def test_a_foreign_a_newer_and_a_damaged_store_are_refused(world: World) -> None:
    world.init()
    database = world.store / "onloop.db"
    connection = apsw.Connection(str(database))
    connection.execute("PRAGMA user_version=99")
    connection.close()
    newer = world.onloop("list")
    database.write_bytes(b"\0" * 100 + b"garbage" * 1000)
    damaged = world.onloop("list")

    assert (newer.code, damaged.code) == (17, 17)
    _is_told(newer.err, "has schema version 99")
    _is_told(damaged.err, "is damaged or not a store")


def test_a_store_folder_that_others_can_write_is_refused(world: World) -> None:
    world.init()
    world.store.chmod(0o777)

    ran = world.onloop("list")

    assert ran.code == 17
    _is_told(ran.err, "is open to others", "chmod 700")


def test_a_second_init_keeps_the_first_approver(world: World) -> None:
    world.init("ana")

    again = world.onloop("init", "--name", "mallory", passphrase=PASSPHRASE)

    assert again.code == 2
    _is_told(again.err, "ana can decide in it")


def test_only_somebody_enrolled_enrols_another(world: World) -> None:
    world.init("ana")

    nobody = world.onloop("enrol", "ben")
    by_agent = world.onloop("enrol", "ben", "--as", "ana", env={"ONLOOP_TOKEN": "guess"})
    short = world.onloop("enrol", "ben", "--new-passphrase-fd", "0", "--as", "ana", passphrase=PASSPHRASE)

    assert (nobody.code, by_agent.code, short.code) == (13, 13, 2)
    _is_told(nobody.err, "nobody (no credential was given) may not enrol")
    _is_told(short.err, "a passphrase of 0 characters is too short")
    assert "ben" not in world.onloop("doctor").out


def test_a_repository_without_commits_is_said_to_have_none(world: World) -> None:
    world.init()
    empty = world.folder / "empty.git"
    empty.mkdir()
    world.git(empty, "init", "--quiet", "--bare")

    ran = world.onloop("start", "feature", "--repo", str(empty))

    assert ran.code == 2
    _is_told(ran.err, "has no commits", "push a first commit")


def test_a_folder_that_is_no_repository_and_a_branch_named_like_an_option(world: World) -> None:
    world.init()
    origin = world.origin()

    nothing = world.onloop("start", "feature", "--repo", str(world.folder))
    option = world.onloop("start", "feature", "--repo", str(origin), "--branch=--upload-pack=touch /tmp/x")

    assert (nothing.code, option.code) == (2, 2)
    _is_told(nothing.err, f"{world.folder} is not a git repository", "→")
    _is_told(option.err, "--upload-pack")


def test_broken_workflow_files_name_every_problem_with_its_place(world: World) -> None:
    broken = world.folder / "broken.yaml"
    broken.write_text(
        "workflow: x\ndescription: y\nsteps:\n  - id: a.b\n    rol: implementer\n    timeout: 5 minutes\n"
    )

    ran = world.onloop("validate", str(broken))

    assert ran.code == 2
    _is_told(ran.err, f"{broken}:5:5:", "role", f"{broken}:6:14:")


def test_targets_are_checked_line_by_line(world: World) -> None:
    world.init()
    origin = world.origin()
    targets = world.folder / "t.txt"
    for text, said in (
        (f"{origin}\n{origin}\n", "t.txt:2:1:"),
        ("# nothing\n", "names no repositories"),
        (f"{origin} a b\n", "t.txt:1:1:"),
        ("nowhere.git\n", "there is no repository"),
        (f"{origin} -x\n", "t.txt:1:1:"),
    ):
        targets.write_text(text)
        ran = world.onloop("fleet", "feature", "--targets", str(targets))
        assert ran.code == 2
        _is_told(ran.err, said)
    assert world.onloop("list", "--json").json["tasks"] == []


def test_a_gate_command_that_does_not_exist_is_put_before_a_person(world: World) -> None:
    world.init()
    text = WORKFLOW.replace('["{python}", -m, unittest, discover, -s, tests, -t, .]', "[no-such-program]").replace(
        "        unittest: {min_tests: 1, no_fewer_than: base}\n", ""
    )
    task = f"{world.fleet(world.origin(), workflow=text)}.1"

    world.onloop(
        "work", "--role", "implementer", "--once", "--", "sh", "-c", "echo hello>hello.txt;git add .;git commit -qm x"
    )
    found = world.until(task, "input_required", "gate_failed")

    assert "no-such-program" in found["detail"]


def test_a_gate_that_floods_and_forks_is_bounded_and_judged(world: World) -> None:
    world.init()
    flood = (
        "import os, sys, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_one(self):\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        "            os.execvp('sleep', ['sleep', '4711'])\n"
        "        for _ in range(3000): sys.stderr.write('x' * 10000 + chr(10))\n"
        "    def test_two(self): pass\n"
    )
    task = f"{world.fleet(world.origin('flood', {'tests/test_all.py': flood}))}.1"

    world.onloop(
        "work", "--role", "implementer", "--once", "--", "sh", "-c", "echo hello>hello.txt;git add .;git commit -qm x"
    )
    found = world.until(task, "input_required", "approval_required")
    size = sum(path.stat().st_size for path in world.store.iterdir() if path.is_file())

    assert found["gates"][1]["mark"] == "passed"
    assert size < 5_000_000


def test_what_is_changed_and_not_committed_is_named(world: World) -> None:
    world.init()
    world.fleet(world.origin())
    claimed = world.onloop("claim", "--role", "implementer", "--json").json
    clone = Path(claimed["place"])
    (clone / "README.md").write_text("changed")

    submitted = world.onloop("submit", env=claimed["env"])

    assert submitted.code == 12
    _is_told(submitted.err, "changed but not committed", "README.md")


def test_hostile_text_is_shown_and_never_obeyed(world: World) -> None:
    world.init()
    run = world.onloop("start", "feature", "--repo", str(world.origin()), "--title", HOSTILE, "--json").json["task"]

    for words in (("list",), ("tree",), ("show", run), ("log",), ("next",), ("attention",)):
        out = world.onloop(*words).out
        assert not any((ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) < 0xA0 for char in out), words
        assert "\u202e" not in out
    told = json.loads(world.onloop("show", run, "--json").out)
    assert told["title"] == HOSTILE
    assert world.onloop("show", run, "--json").out.isascii()


def test_variables_that_are_not_utf8_are_refused_and_a_secret_is_not_repeated(world: World) -> None:
    world.init()
    for words in (("check",), ("check", "--json"), ("next",)):
        ran = world.onloop(*words, env={"ONLOOP_TOKEN": "onl_\udcff", "ONLOOP_STORE": str(world.store)})

        assert ran.code == 2
        _is_told(ran.err, "ONLOOP_TOKEN is not UTF-8", "→")
        assert "onl_" not in ran.err + ran.out


def test_a_number_that_the_store_cannot_hold_is_refused_and_takes_no_lease(world: World) -> None:
    world.init()
    run = world.fleet(world.origin())

    ran = world.onloop("claim", "--role", "implementer", "--lease", "999999999999d")

    assert ran.code == 2
    _is_told(ran.err, "lease_ms of 86399999999913600000", "give 1 to 86400000")
    assert world.task(f"{run}.1")["holder"] is None


def test_what_the_system_refuses_is_said_and_can_be_tried_again(world: World) -> None:
    world.init()
    run = world.fleet(world.origin())
    logs = world.store.parent / "logs"
    logs.touch()
    file = world.folder / "FILE"
    file.touch()

    beside = world.onloop("claim", "--role", "implementer")
    itself = world.onloop("init", "--store", str(file), passphrase=PASSPHRASE)
    below = world.onloop("init", "--store", str(file / "store"), "--json", passphrase=PASSPHRASE)

    assert (beside.code, itself.code, below.code, below.json["exit"]) == (17, 17, 17, 17)
    _is_told(beside.err, f"{logs} cannot be used", "→")
    _is_told(itself.err, f"{file} is not a real folder")
    _is_told(below.err, f"{file / 'store'} cannot be used: Not a directory", "→")
    logs.unlink()
    assert world.onloop("claim", f"{run}.1", "--role", "implementer").code in {0, 15}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_an_answer_that_cannot_be_written_is_no_success(world: World) -> None:
    world.init()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "onloop.cli.entry", "list"],
            env=world.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 17
    _is_told(done.stderr, "the answer cannot be written: No space left on device")
    assert "Exception ignored" not in done.stderr
