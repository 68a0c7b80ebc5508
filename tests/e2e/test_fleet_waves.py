"""A fleet in waves with real repositories, agents and verifiers, from the command line alone."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from onloop.access.opening import open_file
from onloop.home import Home
from onloop.machine.evolve import evolve
from onloop.machine.store_state import HOUSE, StoreEvent
from onloop.machine.task import Task
from onloop.machine.wave_plan import WaveStanding
from onloop.machine.wave_standing import standing_of
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded
from support.waiting import wait_for
from support.world import PASSPHRASE, World

ONE_GATE = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    attempts: {max: 1}
    timeout: 60s
    gates: [{id: hello, file: {path: hello.txt, contains: hello}}]
"""
CAUSES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
LONGEST_S = 1_500
ONLOOP = f"{sys.executable} -m onloop.cli.entry"
GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
UNLESS_MENDED = f'test -e "$MENDED" || {{ {ONLOOP} fail "%s"; exit 0; }}; {GOOD}'


def begin(world: World, *words: str, count: int, lines: str = "") -> str:
    for number in range(1, count + 1):
        world.origin(f"shop{number:03}")
    targets = world.folder / "targets.txt"
    targets.write_text(lines or "".join(f"origins/shop{number:03}.git\n" for number in range(1, count + 1)))
    control = str(world.control(ONE_GATE))
    given = ("--control", control, "--targets", str(targets), "--no-base-check", *words, "--json")
    begun = world.onloop("fleet", "small.yaml", *given)
    assert begun.code == 0, begun.err
    return str(begun.json["task"])


def work(world: World, script: str, *, times: int) -> None:
    for _ in range(times):
        world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))


def decided(world: World, verb: str, *words: str) -> None:
    ran = world.onloop(verb, *words, "--as", "ana", passphrase=PASSPHRASE)
    assert ran.code == 0, ran.err


def approve(world: World, run: str) -> None:
    asked = world.onloop("show", run, "--json").json["asked"][0]
    decided(world, "approve", run, "--digest", asked["digest"])


def at_risk(events: list[Recorded], run: str) -> int:
    """The most tasks of the fleet that were begun and not judged at one moment, beyond what their wave has."""
    tasks: dict[str, Task] = {}
    sizes: dict[int, int] = {}
    worst = 0
    for event in events:
        fact = event_from_text(event.name, event.data)
        if event.run == HOUSE or isinstance(fact, StoreEvent):
            continue
        before = tasks.get(event.task)
        task = tasks[event.task] = evolve(before, fact, id=event.task, at=event.at)
        if before is None and task.wave:
            sizes[task.wave] = sizes.get(task.wave, 0) + 1
        root = tasks[run]
        if root.waves is None or event.name in {"StepEntered", "Created"}:
            continue
        begun = [each for each in tasks.values() if each.wave and standing_of(each) is WaveStanding.BEGUN]
        worst = max(worst, len(begun) - sizes.get(root.waves.current, 0))
        assert {each.wave for each in begun} <= {root.waves.current}, event
    return worst


def log_of(world: World) -> list[Recorded]:
    with open_file(Home(world.store)).gateway.store.reading() as at:
        return list(at.log(limit=1_000_000))


def test_a_fleet_goes_wave_by_wave_halts_and_goes_on_when_a_person_says_so(world: World) -> None:
    world.init()
    run = begin(world, "--waves", "1,2,rest", "--halt", "50%", "--ask-between", count=5)
    mended = world.folder / "mended"
    world.extra["MENDED"] = str(mended)
    failing = UNLESS_MENDED % "the licence has run out"
    agent = f"case $ONLOOP_TASK in *.2|*.3) {failing};; *) {GOOD};; esac"
    named = ("--agent-env", "MENDED")

    def go(times: int) -> None:
        for _ in range(times):
            world.onloop("work", "--role", "implementer", "--once", *named, "--", *world.agent(agent))

    go(1)
    world.until(run, "input_required", "approval_required")
    assert "May wave 2 begin (2 tasks)?" in world.onloop("fleet", "show", run).out
    assert world.task(f"{run}.2")["reason"] == "wave_held"
    go(1)  # nothing may be claimed
    assert world.onloop("attention", "--json").json["groups"][0]["headline"].startswith("may the next wave begin?")
    approve(world, run)
    go(1)
    world.until(run, "input_required", "halted")
    assert "1 of 2 failed, and at 50 % the fleet halts" in world.onloop("why", run).out
    assert world.onloop("list", "--json").json["tasks"][3]["reason"] == "wave_held"

    mended.touch()
    cause = next(g["cause"] for g in world.onloop("attention", "--json").json["groups"] if g["reason"] != "halted")
    decided(world, "retry", "--cause", cause, "--first")
    go(1)
    shown = world.onloop("fleet", "show", run, "--json").json
    assert [(wave["standing"], wave["completed"], wave["retried"]) for wave in shown["waves"][:2]] == [
        ("passed", 1, 0),
        ("halted", 1, 1),
    ]
    approve(world, run)
    go(1)
    world.until(run, "input_required", "approval_required")
    approve(world, run)
    go(2)
    world.until(run, "completed")

    assert at_risk(log_of(world), run) <= 0
    assert world.onloop("store", "verify").code == 0


def test_a_fleet_file_begins_the_same_fleet_again(world: World) -> None:
    world.init()
    for number in range(3):
        world.origin(f"shop{number}")
    control = world.control(ONE_GATE)
    folder = world.folder / ".onloop" / "fleets"
    folder.mkdir(parents=True)
    (folder / "hello.yaml").write_text(
        f"fleet: hello\nworkflow: small.yaml\ncontrol: {control}\ntitle: Say hello\n"
        "targets: {glob: '../../origins/*.git'}\nwaves: [1, 50%, rest]\nhalt: {failed: 20%, of: 2}\nlabels: [hot]\n"
    )

    ran = world.onloop("fleet", "--file", "hello", "--no-base-check", "--json", cwd=world.folder)
    assert ran.code == 0, ran.err
    shown = world.onloop("fleet", "show", ran.json["task"], "--json").json
    assert ([wave["size"] for wave in shown["waves"]], shown["title"]) == ([1, 2, 1], "Say hello")
    refused = world.onloop("fleet", "--file", "hello", "--waves", "rest", cwd=world.folder)
    assert (refused.code, "--waves beside --file" in refused.err) == (2, True)


def test_targets_come_from_a_program_that_no_shell_sees(world: World) -> None:
    world.init()
    origin = str(world.origin())
    printing = f"print({origin!r}, 'priority=3', 'owner=$(id)')"
    words = ("fleet", "small.yaml", "--control", str(world.control(ONE_GATE)), "--no-base-check", "--json")
    ran = world.onloop(*words, "--targets-from", "--", sys.executable, "-c", printing)

    assert ran.code == 0, ran.err
    failed = world.onloop(*words, "--targets-from", "--", sys.executable, "-c", "raise SystemExit(3)")
    assert (failed.code, "ended with exit code 3" in failed.err) == (2, True)


def waves(world: World, run: str) -> list[dict[str, int]]:
    return list(world.onloop("fleet", "show", run, "--json").json["waves"])


def retry_all(world: World) -> None:
    """Each cause: one of it, then the rest."""
    for group in world.onloop("attention", "--json").json["groups"]:
        if group["reason"] == "attempts_exhausted":
            ran = world.onloop("retry", "--cause", group["cause"], "--first", "--json", passphrase=PASSPHRASE)
            if ran.code == 0 and ran.json["left"]:
                decided(world, "retry", "--cause", group["cause"], "--rest")


def is_stuck(now: list[dict[str, int]]) -> bool:
    """Whether the last wave has failures, or the one before waits for nothing else."""
    return bool(now[2]["stopped"] or (now[1]["begun"] == now[1]["ready"] == 0 and now[1]["stopped"]))


@pytest.mark.soak
def test_a_hundred_repositories_six_causes_three_waves_and_workers_that_are_killed(world: World) -> None:
    world.init()
    count = 102
    run = begin(world, "--waves", "6,24,rest", "--halt", "90%", count=count)
    mended = world.folder / "mended"
    world.extra["MENDED"] = str(mended)
    failing = " ".join(f"{digit}) {UNLESS_MENDED % f'{word} is missing'};;" for digit, word in enumerate(CAUSES))
    number = "n=${ONLOOP_TASK##*.}"
    agent = f"{number}; if [ $((n % 3)) = 0 ]; then case $((n / 3 % 6)) in {failing} esac; else {GOOD}; fi"
    words = ("work", "--role", "implementer", "--agent-env", "MENDED", "--jobs", "4", "--", *world.agent(agent))

    with world.running(*words):
        wait_for(lambda: waves(world, run)[0]["completed"] + waves(world, run)[0]["stopped"] == 6, world.logs)
    assert waves(world, run)[0]["stopped"] == 2
    mended.touch()
    retry_all(world)
    with world.running(*words):
        wait_for(lambda: waves(world, run)[0]["completed"] == 6, world.logs)
    mended.unlink()
    for _ in range(3):
        with world.running(*words) as worker:
            before = waves(world, run)[1]["completed"]
            wait_for(lambda before=before: waves(world, run)[1]["completed"] > before, world.logs)  # type: ignore[misc]
            os.kill(worker.pid, signal.SIGKILL)
    causes_seen = {group["cause"] for group in world.onloop("attention", "--json").json["groups"]}
    deadline = time.monotonic() + LONGEST_S
    with world.running(*words):
        while time.monotonic() < deadline and world.task(run)["state"] != "completed":
            now = waves(world, run)
            causes_seen |= {cause["cause"] for wave in now for cause in wave["causes"]}  # type: ignore[attr-defined]
            if is_stuck(now):
                mended.touch()
                retry_all(world)
            time.sleep(1)

    assert world.task(run)["state"] == "completed"
    assert len(causes_seen) >= len(CAUSES)
    assert at_risk(log_of(world), run) <= 0
    assert world.onloop("store", "verify").code == 0
