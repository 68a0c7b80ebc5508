"""Whole journeys through the real command line, with real repositories, processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import wait_for
from support.world import PASSPHRASE, World

ONLOOP = f"{sys.executable} -m onloop.cli.entry"
GOOD = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello" --allow-empty; echo "It says hello."'


def test_from_a_commit_through_gates_and_an_approval_to_a_merge(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"

    worked = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD))
    waiting = world.until(task, "input_required", "approval_required")
    decided = world.decide("approve", task)
    merged = world.until(task, "completed")

    assert (worked.code, decided.code) == (0, 0), worked.err + decided.err
    assert [gate["mark"] for gate in waiting["gates"]] == ["passed", "passed", "waiting"]
    assert waiting["untrusted"]["statement"].endswith("It says hello.")
    assert world.git(origin, "rev-parse", "main") == merged["result"]
    assert world.git(origin, "show", "main:hello.txt") == "hello"
    assert "Approved-by: human:ana (A0)" in world.git(origin, "log", "-1", "--format=%B", "main")
    assert world.onloop("store", "verify").code == 0


def test_a_failed_gate_comes_back_as_a_round_and_its_evidence_is_in_the_brief(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    agent = world.agent(
        'cat > brief.txt; mv brief.txt "$ONLOOP_OUT/brief-$ONLOOP_ROUND.txt";'
        'if [ "$ONLOOP_ROUND" = 0 ]; then rm tests/test_all.py; echo done > x; else git checkout -q HEAD~1 -- tests;'
        "echo hello > hello.txt; fi; git add -A; git commit -qm step"
    )

    world.onloop("work", "--role", "implementer", "--once", "--", *agent)
    world.until(task, "input_required", "approval_required")
    events = [event["name"] for event in world.onloop("log", task, "--json").json["events"]]
    brief = (world.store.parent / "out" / task / "brief-1.txt").read_text()

    assert events.count("RoundStarted") == 1
    assert "hello.txt" in brief
    assert "gate tests:" in brief
    assert "What came back" in brief


def test_a_rejection_reaches_the_agent_with_its_reason(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    agent = world.agent(
        'case "$(cat)" in *"say it twice"*) echo hello hello > hello.txt;; *) echo hello > hello.txt;; esac;'
        "git add -A; git commit -qm hello"
    )
    world.onloop("work", "--role", "implementer", "--once", "--", *agent)
    world.until(task, "input_required", "approval_required")

    rejected = world.decide("reject", task, "--reason", "say it twice")
    world.onloop("work", "--role", "implementer", "--once", "--", *agent)
    world.until(task, "input_required", "approval_required")
    world.decide("approve", task)
    world.until(task, "completed")

    assert rejected.json["state"] == "submitted"
    assert world.git(origin, "show", "main:hello.txt") == "hello hello"


def test_an_agent_asks_its_turn_ends_and_the_answer_is_in_the_next_brief(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    agent = world.agent(
        'case "$(cat)" in *"in Latin:"*"  > salve"*) echo salve, hello > hello.txt; git add -A; git commit -qm x;;'
        f'*) {ONLOOP} ask "Which language?" > /dev/null || echo $? > "$ONLOOP_OUT/code";; esac'
    )
    world.onloop("work", "--role", "implementer", "--once", "--", *agent)
    world.until(task, "input_required", "question")

    (world.folder / "answer.txt").write_text("in Latin:\nsalve, and so on\n")
    file = str(world.folder / "answer.txt")
    answered = world.onloop("answer", task, "--file", file, "--as", "ana", passphrase=PASSPHRASE)
    world.onloop("work", "--role", "implementer", "--once", "--", *agent)
    found = world.until(task, "input_required", "approval_required")

    assert answered.code == 0, answered.err
    assert (world.store.parent / "out" / task / "code").read_text().strip() == "11"
    assert found["decisions"][0]["answer"] == "answer"
    assert found["decisions"][0]["reason"] == "in Latin:\nsalve, and so on"


def test_an_agent_can_never_approve_whatever_it_calls_itself(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    script = f'{GOOD}; echo "$ONLOOP_TOKEN" > "$ONLOOP_OUT/token"; {ONLOOP} submit > /dev/null'

    world.onloop("work", "--role", "implementer", "--once", "--", "sh", "-c", script)
    world.until(task, "input_required", "approval_required")
    token = (world.store.parent / "out" / task / "token").read_text().strip()
    attempt = ("approve", task, "--digest", "000000000000", "--as")
    as_agent = [world.onloop(*attempt, who, env={"ONLOOP_TOKEN": token}) for who in ("ana", "human:ana")]
    as_nobody = world.onloop(*attempt, "ana")

    assert [each.code for each in (*as_agent, as_nobody)] == [13, 13, 13]
    assert all("agent:" in each.err for each in as_agent)
    assert "nobody (no credential was given)" in as_nobody.err
    assert world.task(task)["decisions"] == []


def test_no_token_and_no_passphrase_is_nobody(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"

    for words in (
        ("retry", task),
        ("cancel", task),
        ("reassign", task, "--to", "x", "--reason", "y"),
        ("freeze", "all"),
    ):
        refused = world.onloop(*words)
        assert refused.code == 13, words
        assert "nobody (no credential was given)" in refused.err
    wrong = world.onloop("cancel", task, "--as", "ana", passphrase="not the one")
    assert wrong.code == 13
    assert world.task(task)["state"] == "submitted"


def test_check_names_the_commit_and_says_not_yet_if_head_has_moved(world: World) -> None:
    world.init()
    world.fleet(world.origin())
    claimed = world.onloop("claim", "--role", "implementer", "--json").json
    env = dict(claimed["env"])
    clone = Path(claimed["place"])
    (clone / "hello.txt").write_text("hello")
    world.git(clone, "add", "-A")
    world.git(clone, "commit", "-qm", "x")

    before = world.onloop("check", env=env)
    submitted = world.onloop("submit", "--json", env=env)
    after = world.onloop("check", env=env)
    head = world.git(clone, "rev-parse", "HEAD")

    assert (before.code, submitted.code, after.code) == (10, 0, 0), submitted.out + submitted.err
    assert "nothing is submitted" in before.out
    assert submitted.json["commit"] == head
    assert submitted.json["verdict"] == "yes"
    assert head[:12] in after.out


def test_a_worker_that_is_told_to_stop_gives_its_task_back_uncounted(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    with world.running("work", "--role", "implementer", "--", "sleep", "600") as worker:
        world.until(task, "working")
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)

    found = world.task(task)
    assert (found["state"], found["reason"], found["holder"]) == ("submitted", "ready", None)


def test_a_killed_workers_task_is_taken_up_again_when_its_lease_has_expired(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    command = [sys.executable, "-m", "onloop.cli.entry", "work", "--role", "implementer", "--lease", "3s", "--"]
    worker = subprocess.Popen([*command, "sleep", "600"], env=world.environment, stderr=subprocess.DEVNULL)
    world.until(task, "working")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    with world.running("work", "--role", "implementer", "--", *world.agent(GOOD)):
        found = world.until(task, "input_required", "approval_required")

    assert found["attempt"] == 2


@pytest.mark.parametrize(
    ("agent", "said"), [("exit 70", "exit code 70"), ("kill -9 $$", "signal 9"), ("true", "nothing was changed")]
)
def test_whatever_goes_wrong_in_the_end_a_person_is_asked(world: World, agent: str, said: str) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"

    with world.running("work", "--role", "implementer", "--", "sh", "-c", agent):
        found = world.until(task, "input_required", "attempts_exhausted")

    assert said in found["detail"]
    assert world.onloop("attention", "--json").json["groups"][0]["members"][0]["task"] == task


def test_a_silent_agent_is_ended_when_it_stalls(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    words = ("work", "--role", "implementer", "--stall", "1s", "--lease", "30s", "--", "sleep", "600")

    with world.running(*words):
        found = world.until(task, "input_required", "attempts_exhausted")

    assert "stalled" in found["detail"] or "no sign of work" in found["detail"]


def test_a_freeze_holds_everything_until_a_person_lifts_it(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"

    frozen = world.onloop("freeze", "all", "--reason", "look first", "--as", "ana", passphrase=PASSPHRASE)
    held = world.onloop("claim", task, "--role", "implementer")
    lifted = world.onloop("unfreeze", "all", "--as", "ana", passphrase=PASSPHRASE)
    free = world.onloop("claim", task, "--role", "implementer")

    assert (frozen.code, held.code, lifted.code, free.code) == (0, 11, 0, 0)
    assert "onloop unfreeze all" in held.err


def test_a_blocked_repository_holds_up_no_other(world: World) -> None:
    world.init()
    bad = world.origin("bad", {"tests/test_all.py": "raise SystemExit(3)\n"})
    run = world.fleet(bad, world.origin("good"))

    with world.running("work", "--role", "implementer", "--", *world.agent(GOOD)):
        world.until(f"{run}.2", "input_required", "approval_required")
        world.until(f"{run}.1", "input_required", "rounds_exhausted")
        assert world.decide("approve", f"{run}.2").code == 0
        world.until(f"{run}.2", "completed")

    assert world.task(run)["state"] == "working"
    cancelled = world.onloop("cancel", run, "--reason", "enough", "--as", "ana", passphrase=PASSPHRASE)
    assert cancelled.code == 0
    wait_for(lambda: world.task(run)["state"] == "completed", lambda: str(world.task(run)))
