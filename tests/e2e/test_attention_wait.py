"""`onloop attention --wait` ends when something needs a person, and says what; or when its time is over."""

from __future__ import annotations

import json
import subprocess
import sys

from support.waiting import DEADLINE_S
from support.world import World


def test_a_script_waits_until_something_needs_a_person(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("shop"))
    words = [sys.executable, "-m", "onloop.cli.entry", "attention", "--wait", "--json"]
    with subprocess.Popen(
        words,
        env=world.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith("waiting until something needs a person in ")
        assert waiting.poll() is None

        env = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json").json["env"]
        world.onloop("ask", "Which one?", env=env)
        out, _ = waiting.communicate(timeout=DEADLINE_S)

    assert waiting.returncode == 0
    (group,) = json.loads(out)["groups"]
    assert (group["reason"], group["members"][0]["task"]) == ("question", f"{run}.1")


def test_a_wait_that_is_over_says_that_nothing_needs_a_person(world: World) -> None:
    world.init()

    over = world.onloop("attention", "--wait", "--timeout", "0s", "--json")
    assert (over.code, over.json["groups"]) == (15, [])
    assert world.onloop("attention", "--timeout", "1s").code == 2
