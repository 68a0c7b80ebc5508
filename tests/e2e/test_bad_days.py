"""Bad days with real processes: an origin that is away, agents at their limit, and commands that fail at once."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from onloop.access.opening import GatewayHandle, open_file
from onloop.agents.worker import Worker, WorkerSettings
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers
from onloop.home import Home
from onloop.machine.held_roles import ALIKE_ENDS
from onloop.records import replace
from support.waiting import wait_for
from support.world import WORKFLOW, World

ONLOOP = f"{sys.executable} -m onloop.cli.entry"
GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
MINUTE_MS = 60_000
MOST_EVENTS = 100
"""How many events a minute in which nothing succeeds may cost; a loop would write thousands."""


def names(world: World, *of: str) -> Counter[str]:
    return Counter(event["name"] for event in world.onloop("log", *of, "--json").json["events"])


def test_an_outage_of_the_origin_costs_no_attempt_and_calls_nobody(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    away = origin.rename(origin.with_name("away"))

    with world.running("work", "--role", "implementer", "--", *world.agent(GOOD)):
        waits = world.until(task, "submitted", "retry_backoff")
        quiet = world.onloop("attention", "--json").json["groups"]
        away.rename(origin)
        world.until(task, "input_required", "approval_required")

    found = names(world, task)
    assert "it counts as no attempt and is tried again" in waits["detail"] and quiet == []
    assert (found["AttemptEnded"], found["RequestOpened"]) == (0, 1) and found["SetBack"] > 0


def test_an_agent_that_cannot_work_now_is_asked_again_when_it_can(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    runs = world.folder / "runs"
    script = f"""echo run >> {runs}
        case $(wc -l < {runs}) in
        1) echo "ERROR: You've hit your usage limit. Upgrade to Pro or try again in 2 seconds."; exit 1;;
        2) {ONLOOP} release --until 2s --why "the licence is in use"; {ONLOOP} why $ONLOOP_TASK > {runs}.why;;
        3) exit 75;;
        *) {GOOD};;
        esac"""

    with world.running("work", "--role", "implementer", "--", *world.agent(script)):
        first = world.until(task, "submitted", "retry_backoff")
        wait_for(lambda: "exit code 75" in world.task(task)["detail"], world.logs)
        listed = world.onloop("list").out
        assert world.onloop("retry", task, "--as", "ana", passphrase="correct horse battery").code == 0
        world.until(task, "input_required", "approval_required")

    found = names(world, task)
    assert "not now until" in first["detail"] and "usage limit: ERROR: You've hit your usage limit" in first["detail"]
    assert "UTC: the licence is in use" in Path(f"{runs}.why").read_text()
    assert "not now until" in listed
    assert (found["AttemptEnded"], found["SetBack"], found["Claimed"]) == (0, 3, 4)


@pytest.fixture
def fleet(world: World) -> World:
    """Eight repositories."""
    world.init()
    patient = WORKFLOW.replace("max: 2", "max: 5")
    world.fleet(*[world.origin(f"shop{n}") for n in range(ALIKE_ENDS + 3)], workflow=patient)
    return world


def no_origin(world: World) -> None:
    for path in (world.folder / "origins").glob("shop*"):
        path.rename(path.with_suffix(".away"))


def nothing(_: World) -> None:
    """All is well but the command."""


def no_room(world: World) -> None:
    """Nothing can be written where agents work: a file stands there."""
    (world.store.parent / "environments").write_text("in the way")


@pytest.mark.parametrize(
    ("argv", "trouble"),
    [
        (("false",), nothing),
        (("/no/such",), nothing),
        (("true",), nothing),
        (("true",), no_origin),
        (("true",), no_room),
    ],
    ids=["false", "no such program", "nothing changed", "no origin", "no room"],
)
def test_a_minute_of_failures_is_a_few_events(
    fleet: World, argv: tuple[str, ...], trouble: Callable[[World], None]
) -> None:
    """A real worker and real agents, with a clock that only their pauses move."""
    trouble(fleet)
    before = sum(names(fleet).values())
    opened = open_file(Home(fleet.store))
    assert isinstance(opened.gateway, Gateway)
    now = began = opened.gateway.clock()

    def pause(seconds: float) -> None:
        nonlocal now
        now += int(seconds * 1000)

    gateway = replace(opened.gateway, clock=lambda: now)
    worker = Worker(
        GatewayHandle(opened.home, gateway),
        WorkerSettings("w", "implementer", argv),
        stopped=lambda: now - began >= MINUTE_MS,
        pause=pause,
        say=lambda _: None,
        ensure_verifier=lambda: None,
    )
    worker.run()
    opened.close()

    found = names(fleet)
    assert sum(found.values()) - before < MOST_EVENTS
    assert found["AttemptEnded"] <= ALIKE_ENDS * 2


def test_a_command_that_fails_is_one_row_and_opens_again_when_it_is_mended(fleet: World) -> None:
    with fleet.running("work", "--role", "implementer", "--", "false"):
        wait_for(lambda: "held at role" in fleet.onloop("attention").out, fleet.logs)
    shown = fleet.onloop("attention").out
    group = next(each for each in fleet.onloop("attention", "--json").json["groups"] if each["reason"] == "halted")
    assert "held at role implementer" in shown and "agents of role implementer end with 'exit code 1'" in shown

    asked = fleet.onloop("retry", "--cause", group["cause"], "--as", "ana", passphrase="correct horse battery")
    with fleet.running("work", "--role", "implementer", "--", *fleet.agent(GOOD)):
        wait_for(lambda: fleet.onloop("list").out.count("approval_required") == ALIKE_ENDS + 3, fleet.logs)

    assert asked.code == 0, asked.err
    assert names(fleet)["AttemptEnded"] == ALIKE_ENDS, "the rest of the fleet paid nothing"


@pytest.mark.soak
@pytest.mark.parametrize("argv", [("false",), ("/no/such",)], ids=["false", "no such program"])
@pytest.mark.parametrize("has_git", [True, False])
def test_a_real_minute_of_failures_is_a_few_events(fleet: World, argv: tuple[str, ...], has_git: bool) -> None:
    if not has_git:
        folder = fleet.folder / "bin"
        folder.mkdir()
        for name in ("false", "true", "sh", "env"):
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        fleet.extra["PATH"] = str(folder)
    before = sum(names(fleet).values())

    with fleet.running("work", "--role", "implementer", "--", *argv):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            os.sched_yield()
            time.sleep(1)

    assert sum(names(fleet).values()) - before < MOST_EVENTS


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find what a worker started")
def test_a_machine_that_sleeps_longer_than_the_lease_costs_nothing_and_ends_no_agent(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    begun, go = world.folder / "begun", world.folder / "go"
    script = f"echo $$ > {begun}; until test -e {go}; do sleep 0.1; done; {GOOD}"

    with world.running("work", "--role", "implementer", "--lease", "2s", "--", *world.agent(script)) as worker:
        agent = wait_for(lambda: begun.exists() and begun.read_text(), world.logs)
        verifier = int(wait_for(lambda: (world.store / "verifier.lock").read_text(), world.logs))
        asleep = [*_below(worker.pid), verifier]
        _signal(asleep, signal.SIGSTOP)
        wait_for(lambda: "its lease has run out" in world.onloop("list").out, world.logs)
        opened = open_file(Home(world.store))
        opened.gateway.perform(FireTimers())  # as a dashboard or another machine's verifier does, which was awake
        opened.close()
        _signal(asleep, signal.SIGCONT)
        go.touch()
        world.until(task, "input_required", "approval_required")

    found = names(world, task)
    assert (found["Claimed"], found["AttemptEnded"]) == (1, 0) and found["Returned"] >= 1
    assert begun.read_text() == agent, "the same agent went on"


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # what a shell started for a moment
            os.kill(pid, number)


def _below(pid: int) -> list[int]:
    """A process and all that it started, the last ones first."""
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    parents = {int(text.split()[0]): int(text.rpartition(")")[2].split()[1]) for text in stats}
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[::-1]
