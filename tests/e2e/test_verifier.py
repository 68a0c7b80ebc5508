"""The verifier is nobody's to choose: not the repository's, not the agent's, and nothing that breaks it ends it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack

import apsw
import pytest

from gateway.shop import Clock, Shop
from onloop.access.opening import wall_clock
from onloop.access.verifier_process import _STARTS, LARGEST_LOG, ensure_verifier, is_verifier_up, only_verifier
from onloop.home import Home
from onloop.store.sqlite.database import FILE, SqliteStore
from support.waiting import wait_for
from support.world import WORKFLOW, World

MEETING = """\
workflow: meeting
description: Two gates, each of which passes only while the other one runs.
steps:
  - id: develop.write
    role: implementer
    gates:
      - {id: ana, command: ["{python}", -c, "CODE", HERE/ana, HERE/ben], timeout: 20s, open: [container]}
      - {id: ben, command: ["{python}", -c, "CODE", HERE/ben, HERE/ana], timeout: 20s, open: [container]}
"""
MEET = (
    "import pathlib, sys, time; mine, other = map(pathlib.Path, sys.argv[1:]); mine.touch()\\n"
    "for _ in range(150): other.exists() and sys.exit(0); time.sleep(0.1)\\n"
    "mine.unlink(); sys.exit(1)"
)
GOOD = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello" --allow-empty'


def test_neither_the_folder_nor_the_environment_can_put_other_code_in_the_verifiers_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.init()
    mark = world.folder / "trapped"
    trap = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    files = {"onloop/__init__.py": "", "onloop/cli/__init__.py": "", "onloop/cli/entry.py": trap, "json.py": trap}
    world.fleet(world.origin("trap", files))
    clone = world.onloop("claim", "--role", "implementer", "--json").json["place"]
    home = Home(world.store)
    lock = world.store / "verifier.lock"
    os.kill(int(wait_for(lambda: lock.exists() and lock.read_text(), world.logs)), signal.SIGTERM)
    wait_for(lambda: not is_verifier_up(home), world.logs)
    monkeypatch.chdir(clone)
    monkeypatch.setenv("PYTHONPATH", clone)

    ensure_verifier(home)
    wait_for(lambda: is_verifier_up(home), world.logs)

    assert not mark.exists()


def test_a_verifier_that_cannot_start_is_tried_ever_more_seldom_and_its_log_stays_small(world: World) -> None:
    world.init()
    home, now, tried = Home(world.store), [0.0], list[int]()
    connection = apsw.Connection(str(world.store / FILE))
    connection.execute("PRAGMA user_version=99")
    connection.close()
    home.logs.mkdir(exist_ok=True)
    log = home.logs / "verifier.log"
    log.write_bytes(b"x" * (LARGEST_LOG + 1))

    for second in range(20):
        now[0] = float(second)
        ensure_verifier(home, clock=lambda: now[0])
        if started := _STARTS[home.store].running:
            ensure_verifier(home, clock=lambda: now[0])  # one is on its way: none is started beside it
            assert len(_STARTS[home.store].running) <= 1
            wait_for(lambda: started[0][0].poll() is not None, world.logs)
            tried.append(second)

    assert tried == [0, 1, 4, 9, 18]
    assert log.read_text().count("has schema version 99") == len(tried)
    assert (home.logs / "verifier.log.before").stat().st_size > LARGEST_LOG


def test_a_store_is_not_migrated_under_a_verifier_that_is_up(world: World) -> None:
    world.init()
    home = Home(world.store)
    assert "nothing to do" in world.onloop("store", "migrate").out
    with only_verifier(home):  # a verifier that works might be writing when we do
        connection = apsw.Connection(str(world.store / FILE))
        connection.execute("PRAGMA user_version=3")
        connection.close()
        refused = world.onloop("store", "migrate")

    assert refused.code == 17
    assert "a verifier of" in refused.err and f"kill {(world.store / 'verifier.lock').read_text()}" in refused.err


def test_an_agent_starts_no_verifier_and_is_none(world: World) -> None:
    world.init()
    text = WORKFLOW.replace('["{python}", -m, unittest, discover, -s, tests, -t, .]', "[no-such-program]").replace(
        "        unittest: {min_tests: 1, no_fewer_than: base}\n", ""
    )
    task = f"{world.fleet(world.origin(), workflow=text)}.1"
    evil = world.folder / "evil"
    evil.mkdir()
    (evil / "no-such-program").write_text("#!/bin/sh\nexit 0\n")
    (evil / "no-such-program").chmod(0o755)
    onloop = f"{sys.executable} -m onloop.cli.entry"
    agent = (
        f"{GOOD}; export PATH={evil}:$PATH; {onloop} verifier --idle-exit 1s; echo $? > $ONLOOP_OUT/code;"
        f"{onloop} submit --wait 1s || true"
    )

    world.onloop("work", "--role", "implementer", "--once", "--", "sh", "-c", agent)
    found = world.until(task, "input_required", "gate_failed")

    assert "no-such-program" in found["detail"]
    assert (world.store.parent / "out" / task / "code").read_text().strip() == "13"


def test_a_merge_whose_origin_is_away_asks_nobody_and_happens_when_it_is_back(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    world.onloop("work", "--role", "implementer", "--once", "--", "sh", "-c", GOOD)
    world.until(task, "input_required", "approval_required")
    origin.rename(origin.with_name("gone.git"))

    world.decide("approve", task)
    found = world.until(task, "working", "external")
    nobody = world.onloop("attention", "--json").json["groups"]
    origin.with_name("gone.git").rename(origin)
    wait_for(lambda: world.task(task)["state"] == "completed", world.logs)

    assert "shop.git" in found["detail"] and nobody == []
    events = [event["name"] for event in world.onloop("log", task, "--json").json["events"]]
    assert (events.count("RequestOpened"), events.count("EffectRequested")) == (1, 1)


def test_a_worker_keeps_a_verifier_up_while_its_agent_waits_for_gates(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    lock = world.store / "verifier.lock"
    agent = f"kill $(cat {lock}); {GOOD}; {sys.executable} -m onloop.cli.entry submit --wait 30s > $ONLOOP_OUT/said"

    world.onloop("work", "--role", "implementer", "--lease", "3s", "--once", "--", "sh", "-c", agent)

    assert world.task(task)["reason"] == "approval_required"
    assert (world.store.parent / "out" / task / "said").read_text().startswith("yes")


def test_a_worker_starts_a_verifier_though_its_agent_has_ended_before_the_one_that_was_up(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    with only_verifier(Home(world.store)), ExitStack() as until_answered:
        until_answered.enter_context(world.running("work", "--role", "implementer", "--", *world.agent(GOOD)))
        world.until(task, "working", "gates_running")
        left = until_answered.pop_all()
    with left:
        world.until(task, "input_required", "approval_required")


@pytest.mark.parametrize(
    ("jobs", "stands"), [("2", ("completed", None)), ("1", ("input_required", "rounds_exhausted"))]
)
def test_as_many_gates_run_at_a_time_as_the_verifier_is_told(
    world: World, jobs: str, stands: tuple[str, str | None]
) -> None:
    world.init()
    workflow = MEETING.replace("CODE", MEET).replace("HERE", str(world.folder))
    workflow = workflow.replace("range(150)", "range(2)") if jobs == "1" else workflow
    with world.running("verifier", "--jobs", jobs):
        wait_for(lambda: is_verifier_up(Home(world.store)), world.logs)
        task = f"{world.fleet(world.origin(), workflow=workflow)}.1"
        world.onloop("work", "--role", "implementer", "--once", "--", "sh", "-c", GOOD)
        world.until(task, *stands)


@pytest.mark.parametrize("jobs", ["0", "65", "many", "-1", "9" * 5000])
def test_a_number_of_gates_at_a_time_that_cannot_be_is_refused(world: World, jobs: str) -> None:
    world.init()
    said = world.onloop("verifier", f"--jobs={jobs}")
    assert (said.code, "a number from 1 to 64" in said.err) == (2, True)


def test_doctor_says_when_nobody_takes_up_what_is_asked(world: World) -> None:
    world.init()
    shop = Shop(SqliteStore(world.store), Clock(wall_clock() - 30_000))
    shop.begin()
    shop.submit(shop.claim())
    shop.store.close()

    found = world.onloop("doctor")

    assert found.code == 17
    assert "BAD verifier: nobody has taken up what has waited for 3" in found.out


@pytest.mark.parametrize(
    "words", [("work", "--role", "r", "--", "true"), ("verifier",), ("serve",)], ids=lambda w: w[0]
)
def test_an_agents_token_starts_nothing_that_judges_or_hands_out_work(world: World, words: tuple[str, ...]) -> None:
    world.init()
    ran = world.onloop(*words, env={"ONLOOP_TOKEN": "onl_agt_anything"})
    assert (ran.code, ran.out) == (13, "")
    assert not is_verifier_up(Home(world.store))


def test_doctor_has_the_verifier_prove_its_box_names_the_programs_and_says_a1_where_one_user_owns_all(
    world: World,
) -> None:
    world.init(scripted=False)
    told = world.onloop("doctor", "--json").json
    again = world.onloop("doctor", "--json").json
    assert told["assurance"] == again["assurance"] == "A1"
    assert "the store is open to the user who asks" in told["reasons"][0]
    assert told["box"]["asked"] != again["box"]["asked"]
    assert {check["name"] for check in told["checks"]} >= {"box", "toolchain"}
    assert "/usr/bin" in told["box"]["toolchain"]
    assert len(told["box"]["cells"]) >= 20
    assert world.onloop("store", "verify").code == 0
