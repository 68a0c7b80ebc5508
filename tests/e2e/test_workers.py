"""Workers live through whatever an agent does, leave nothing of it behind, and credit nobody with another's work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from onloop.access.opening import open_file, open_home
from onloop.agents.worker import Worker, WorkerSettings
from onloop.errors import Exit
from onloop.home import Home
from onloop.store.rows import Lease
from support.waiting import DEADLINE_S, wait_for
from support.world import WORKFLOW, World

PATIENT = WORKFLOW.replace("backoff: 1s", "backoff: 1m")
"""What is recorded of a lost attempt stays until somebody has looked, however slow the machine is."""
ONLOOP = f"{sys.executable} -m onloop.cli.entry"
GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
LINUX = sys.platform == "linux"


def _once(world: World, script: str, name: str = "one") -> None:
    ran = world.onloop("work", "--role", "implementer", "--name", name, "--once", "--", *world.agent(script))
    assert ran.code == 0, ran.err


def _out(world: World, task: str) -> Path:
    return world.store.parent / "out" / task


def _names(world: World, task: str) -> list[str]:
    return [event["name"] for event in world.onloop("log", task, "--json").json["events"]]


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.mark.skipif(not LINUX, reason="file systems elsewhere take no such name")
def test_a_name_that_is_no_text_costs_the_agent_an_attempt_and_not_the_worker(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    script = f'{GOOD} --allow-empty; touch "$ONLOOP_OUT/$(printf "notes\\377")"'

    with world.running("work", "--role", "implementer", "--", *world.agent(script)) as worker:
        found = world.until(task, "input_required", "attempts_exhausted")
        assert worker.poll() is None

    assert "notes‹U+DCFF› cannot be the name of an artefact" in found["detail"]
    assert _names(world, task).count("AttemptEnded") == 2


def test_what_breaks_the_worker_itself_counts_as_no_attempt_and_it_works_on(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=PATIENT)}.1"

    def broken() -> NoReturn:
        raise RuntimeError("no verifier \udcff")

    code = _work_here(world, "true", ensure_verifier=broken)

    found = world.task(task)
    assert (code, found["state"], found["reason"]) == (Exit.OK, "submitted", "retry_backoff")
    assert "RuntimeError: no verifier ‹U+DCFF›" in found["detail"]
    assert "AttemptEnded" not in _names(world, task)


def test_a_worker_that_breaks_while_its_agent_runs_ends_the_agent(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    pids = world.folder / "pids"

    def pause(seconds: float) -> None:
        if len(_pids(pids)) == 1:
            raise RuntimeError("out of order")

    _work_here(world, f"echo $$ > {pids}; exec sleep 600", pause=pause)

    assert "RuntimeError: out of order" in world.task(task)["detail"]
    assert _is_gone(_pids(pids)[0])


def _work_here(
    world: World,
    script: str,
    pause: Callable[[float], None] = lambda _: None,
    ensure_verifier: Callable[[], None] = lambda: None,
) -> Exit:
    """A worker in this process, on one task, with what is asked of its surroundings."""
    opened = open_home(Home(world.store))
    settings = WorkerSettings("one", "implementer", tuple(world.agent(script)))
    try:
        worker = Worker(opened, settings, lambda: False, pause, lambda _: None, ensure_verifier)
        return worker.run(once=True)
    finally:
        opened.close()


def test_nothing_that_an_agent_started_outlives_a_killed_worker(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    pids = world.folder / "pids"
    away = "setsid sh -c 'echo $$ >> PIDS; exec sleep 600' &" if LINUX else ""
    script = f"echo $$ >> PIDS; (echo $$; exec sleep 600) & echo $! >> PIDS; {away} sleep 600"
    command = [sys.executable, "-m", "onloop.cli.entry", "work", "--role", "implementer", "--lease", "60s", "--"]
    worker = subprocess.Popen(
        [*command, "sh", "-c", script.replace("PIDS", str(pids))], env=world.environment, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(_pids(pids)) == 2 + LINUX, lambda: f"{_pids(pids)} {world.logs()}")

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    wait_for(lambda: all(map(_is_gone, _pids(pids))), lambda: f"some of {_pids(pids)} are still there")
    assert world.task(task)["state"] == "working"


def test_an_agent_that_kills_what_stands_between_it_and_the_worker_is_ended_and_counted(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=PATIENT)}.1"
    pids = world.folder / "pids"

    _once(world, f"sleep 600 & echo $! $$ >> {pids}; kill -9 $PPID; sleep 600")

    found = world.task(task)
    assert (found["reason"], "signal 9" in found["detail"]) == ("retry_backoff", True)
    wait_for(lambda: all(map(_is_gone, _pids(pids))), lambda: f"some of {_pids(pids)} are still there")


def test_a_commit_after_a_failed_submit_is_submitted_by_the_worker(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    script = (
        'echo run >> "$ONLOOP_OUT/runs"; echo x > x.txt; git add -A; git commit -qm first;'
        f'{ONLOOP} submit > /dev/null || echo $? > "$ONLOOP_OUT/code"; {GOOD}'
    )

    _once(world, script)

    world.until(task, "input_required", "approval_required")
    assert (_out(world, task) / "code").read_text().strip() == "12"
    assert (_out(world, task) / "runs").read_text().split() == ["run"]


def test_each_agent_commits_under_its_own_name_in_a_clone_that_outlives_them(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"

    _once(world, "echo 1 > 1.txt; git add -A; git commit -qm one; exit 70", "alfa")
    with world.running("work", "--role", "implementer", "--name", "bravo", "--", *world.agent(GOOD)):
        world.until(task, "input_required", "approval_required")

    clone = world.store.parent / "environments" / task
    assert world.git(clone, "log", "-2", "--format=%an %ae %cn %ce").split("\n") == [
        f"{name} {name}@agents.onloop.invalid {name} {name}@agents.onloop.invalid" for name in ("bravo", "alfa")
    ]


def test_a_statement_is_what_this_agent_said_and_no_agent_before_it(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    script = f'if [ "$ONLOOP_ATTEMPT" = 1 ]; then echo "I did it all."; exit 70; fi; {GOOD}; echo "It says hello."'

    with world.running("work", "--role", "implementer", "--", *world.agent(script)):
        found = world.until(task, "input_required", "approval_required")

    assert found["untrusted"]["statement"] == "It says hello."


def test_an_agent_that_changes_nothing_is_told_and_nobody_is_asked_to_approve_it(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin(files={'hello.txt': 'hello'}))}.1"
    change = "echo hello you > hello.txt; git commit -qam hello"
    script = f'cat > "$ONLOOP_OUT/brief-$ONLOOP_ATTEMPT"; if [ "$ONLOOP_ATTEMPT" = 2 ]; then {change}; fi'

    with world.running("work", "--role", "implementer", "--", *world.agent(script)):
        found = world.until(task, "input_required", "approval_required")

    names, brief = _names(world, task), (_out(world, task) / "brief-2").read_text()
    assert (found["attempt"], names.count("RequestOpened")) == (2, 1)
    assert "is the same as main; commit your work with git, then: onloop submit" in brief


def test_an_agent_that_only_hands_over_an_artefact_owes_no_commit(world: World) -> None:
    world.init()
    plan = (
        "  - id: plan.breakdown\n    role: planner\n    gates:\n      - {id: plan, artefact: {name: plan.md}}\n"
        "  - id: develop.write\n"
    )
    workflow = PATIENT.replace("  - id: develop.write\n", plan)
    task = f"{world.fleet(world.origin(), workflow=workflow)}.1"

    ran = world.onloop("work", "--role", "planner", "--once", "--", *world.agent('echo plan > "$ONLOOP_OUT/plan.md"'))
    _once(world, "true")

    assert ran.code == 0, ran.err
    found = world.task(task)
    assert (found["step"], found["reason"]) == ("develop.write", "retry_backoff")
    assert "nothing was changed" in found["detail"]


def test_a_log_that_cannot_be_written_is_named(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=PATIENT)}.1"
    log = world.store.parent / "logs" / f"{task}.log"
    log.mkdir(parents=True)

    ran = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD))

    assert "Traceback" not in ran.err
    assert f"cannot write {log}" in world.task(task)["detail"]


def test_an_agents_command_that_cannot_be_run_is_named(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=PATIENT)}.1"

    world.onloop("work", "--role", "implementer", "--once", "--", "no-such-program")

    assert "cannot run 'no-such-program': No such file or directory" in world.task(task)["detail"]


def test_a_claim_whose_workplace_cannot_be_made_keeps_nothing_from_others(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    origin.rename(origin.with_name("away"))

    failed = world.onloop("claim", task, "--role", "implementer")
    misnamed = world.onloop("claim", task, "--role", "implementer", "--name", "a b")
    found = world.task(task)
    shutil.move(origin.with_name("away"), origin)
    claimed = world.onloop("claim", task, "--role", "implementer")

    assert (failed.code, misnamed.code) == (17, 2), failed.err + misnamed.err
    assert (found["state"], found["reason"], found["holder"]) == ("submitted", "ready", None)
    assert claimed.code == 0, claimed.err


def test_with_an_agents_process_go_the_sub_agents_in_it_though_the_lease_goes_on(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    first, second = world.folder / "first.json", world.folder / "second.json"
    look = f"{ONLOOP} show $ONLOOP_TASK --json"
    wrong = f"{ONLOOP} heartbeat --sub-agent a1; {look} > {first}; echo bye > bye.txt; git add -A; git commit -qm bye"

    with world.running(
        "work",
        "--role",
        "implementer",
        "--",
        *world.agent(f"if [ -e {first} ]; then {look} > {second}; {GOOD}; else {wrong}; fi"),
    ):
        world.until(task, "input_required", "approval_required")

    then, later = json.loads(first.read_text()), json.loads(second.read_text())
    assert [row["id"] for row in then["untrusted"]["sub_agents"]] == ["a1"]
    assert later["untrusted"]["sub_agents"] == []
    assert _names(world, task).count("Claimed") == 1, "one lease for both processes"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_worker_that_is_asked_to_drain_ends_with_what_it_has_begun_and_begins_nothing_more(
    world: World, jobs: str
) -> None:
    world.init()
    run = world.fleet(*(world.origin(f"repo{number}") for number in range(3)))
    begun, go = world.folder / "begun", world.folder / "go"
    script = f"echo $$ >> {begun}; while [ ! -e {go} ]; do sleep 0.05; done; {GOOD}"

    with world.running("work", "--role", "implementer", "--jobs", jobs, "--", *world.agent(script)) as worker:
        wait_for(lambda: len(_pids(begun)) == int(jobs), lambda: f"{_pids(begun)} {world.logs()}")
        worker.send_signal(signal.SIGUSR1)
        go.touch()
        said = worker.communicate(timeout=DEADLINE_S)[1]

    assert (worker.returncode, len(_pids(begun))) == (0, int(jobs))
    assert "drained: no agent is at work any more" in said
    states = [world.task(f"{run}.{number}")["state"] for number in (1, 2, 3)]
    assert states.count("submitted") == 3 - int(jobs)
    assert states.count("input_required") == int(jobs), "what was begun was judged, and a person is asked"


def test_a_worker_that_is_told_to_stop_starts_no_verifier_any_more(world: World) -> None:
    world.init()
    world.fleet(world.origin())
    told = world.folder / "told"
    asked: list[bool] = []
    opened = open_file(Home(world.store))
    worker = Worker(
        opened,
        WorkerSettings("w", "implementer", ("sh", "-c", f"touch {told}")),
        stopped=told.exists,
        pause=time.sleep,
        say=lambda _: None,
        ensure_verifier=lambda: asked.append(told.exists()),
    )

    worker.run(once=True)
    opened.close()

    assert told.exists() and True not in asked


def test_the_lease_is_kept_while_the_workplace_is_made(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    begun, go, folder = world.folder / "begun", world.folder / "go", world.folder / "slow"
    folder.mkdir()
    wait = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done"
    (folder / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *fetch*) {wait};; esac\nexec {shutil.which("git")} "$@"\n', encoding="utf-8"
    )
    (folder / "git").chmod(0o755)
    world.extra["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    opened = open_home(Home(world.store))

    def beat_at() -> int:
        with opened.gateway.store.reading() as reading:
            lease = reading.get(Lease, task)
        return 0 if lease is None else lease.beat_at

    try:
        with world.running("work", "--role", "implementer", "--lease", "3s", "--", *world.agent(GOOD)):
            wait_for(begun.exists, world.logs)
            first = beat_at()
            wait_for(lambda: beat_at() > first, lambda: "the lease is not renewed")
            go.touch()
            world.until(task, "input_required", "approval_required")
    finally:
        opened.close()
    assert _names(world, task).count("Claimed") == 1
