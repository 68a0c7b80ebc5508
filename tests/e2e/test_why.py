"""Each command that `onloop why` advises works when it is run, and moves the task."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest

from onloop.machine.held_roles import ALIKE_ENDS
from support.waiting import wait_for
from support.world import PASSPHRASE, WORKFLOW, Ran, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
ADVICE = re.compile(r"onloop (?:work|retry|resume|unfreeze)\b[^;,\n]*?(?= {3}|;|,|$|\)| or )")
PATIENT = WORKFLOW.replace("backoff: 1s", "backoff: 1h")


def person(world: World, *words: str) -> None:
    done = world.onloop(*words, "--as", "ana", passphrase=PASSPHRASE)
    assert done.code == 0, done.err


def ready(world: World) -> str:
    return f"{world.fleet(world.origin())}.1"


def for_one_agent(world: World) -> str:
    task = ready(world)
    person(world, "reassign", task, "--to", "agent:bravo", "--reason", "it knows this")
    return task


def backed_off(world: World) -> str:
    task = f"{world.fleet(world.origin(), workflow=PATIENT)}.1"
    world.onloop("work", "--role", "implementer", "--once", "--", "false")
    return task


def outside(world: World) -> str:
    task = ready(world)
    origin = world.folder / "origins" / "shop.git"
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD))
    world.until(task, "input_required", "approval_required")
    origin.rename(origin.with_name("away"))
    assert world.decide("approve", task).code == 0
    world.until(task, "working", "external")
    return task


def frozen(world: World) -> str:
    task = ready(world)
    person(world, "freeze", f"task:{task}", "--reason", "look")
    return task


def paused(world: World) -> str:
    task = ready(world)
    person(world, "pause", task, "--reason", "look")
    return task


def in_a_paused_run(world: World) -> str:
    task = ready(world)
    person(world, "pause", task.partition(".")[0], "--reason", "look")
    return task


def resumed_in_a_paused_run(world: World) -> str:
    task = in_a_paused_run(world)
    person(world, "resume", task)
    return task


def excluded(world: World) -> str:
    task = f"{world.fleet(world.origin(), world.origin('other'))}.1"
    person(world, "exclude", task, "--reason", "odd")
    return task


def of_a_held_role(world: World) -> str:
    run = world.fleet(*[world.origin(f"shop{n}") for n in range(ALIKE_ENDS + 1)], workflow=PATIENT)
    for _ in range(ALIKE_ENDS):
        world.onloop("work", "--role", "implementer", "--once", "--", "false")
    return f"{run}.{ALIKE_ENDS + 1}"


@pytest.mark.parametrize(
    "scene",
    [
        ready,
        for_one_agent,
        backed_off,
        outside,
        frozen,
        paused,
        resumed_in_a_paused_run,
        excluded,
        of_a_held_role,
    ],
    ids=lambda scene: scene.__name__,
)
def test_what_why_advises_can_be_done(world: World, scene: Callable[[World], str]) -> None:
    world.init()
    task = scene(world)

    advised = wait_for(lambda: _advised(world, task), lambda: world.onloop("why", task).out)

    for command in advised:
        done = _carried_out(world, command)
        while scene is outside and "(effect_running)" in done.err:  # it is tried again by itself, for a moment
            done = _carried_out(world, command)
        assert done.code == 0, f"{command}: {done.out}{done.err}"


def _advised(world: World, task: str) -> list[str]:
    said = world.onloop("why", task).out
    (moved,) = [line for line in said.splitlines() if line.startswith("moved by")]
    return [found.group(0) for found in ADVICE.finditer(moved)]


def _carried_out(world: World, command: str) -> Ran:
    words = shlex.split(command)[1:]
    if words[0] == "work":
        return world.onloop(*words[: words.index("--")], "--once", "--", "true")
    return world.onloop(*words, "--as", "ana", passphrase=PASSPHRASE)
