"""Sub-agents in an agent's own process, through the real command line: on the file, and through `onloop serve`."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Any

import pytest

from e2e.serving import serving
from support.world import Ran, World


@pytest.mark.parametrize("is_served", [False, True], ids=["file", "serve"])
def test_an_agent_says_who_works_in_its_process_and_every_verb_that_looks_shows_it(
    world: World, is_served: bool
) -> None:
    world.init()
    world.fleet(world.origin())
    with serving(world) if is_served else nullcontext():
        got = world.onloop("claim", "--role", "implementer", "--name", "alfa", "--json").json
        task = got["task"]

        def alfa(*words: str) -> Ran:
            return world.onloop(*words, env=got["env"])

        said = alfa("heartbeat", "--sub-agent", "a1", "--kind", "Explore", "--doing", "looks\x1b[2J for\ncallers")
        assert said.code == 0, said.err
        assert re.fullmatch(r"the lease ends at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", said.out)
        assert alfa("heartbeat", "--sub-agent", "a2").code == 0

        shown: Any = world.onloop("show", task, "--json").json["untrusted"]["sub_agents"]
        assert [(row["id"], row["kind"], row["doing"], row["process_of"]) for row in shown] == [
            ("a1", "Explore", "looks␛[2J for callers", task),
            ("a2", "", "", task),
        ]
        for verb in (("tree",), ("list",)):
            rows = world.onloop(*verb, "--json").json["tasks"]
            assert next(row["untrusted"]["sub_agents"] for row in rows if row["task"] == task) == shown
        words = f"└ Explore (a1), process of {task}, since "
        for looks in (("show", task), ("tree",), ("why", task)):
            out = world.onloop(*looks).out
            assert words in out and "; its agent says: looks␛[2J for callers" in out, out
        assert "agent:alfa, 2 sub-agents" in world.onloop("list").out

    assert alfa("heartbeat", "--ended", "a1", "--ended", "a2").code == 0
    assert "sub-agent" not in world.onloop("list").out
    assert world.onloop("store", "verify").code == 0


def test_they_outlive_a_gateway_that_is_started_again_and_are_gone_with_the_lease(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    env = world.onloop("claim", "--role", "implementer", "--json").json["env"]
    with serving(world):
        assert world.onloop("heartbeat", "--sub-agent", "a1", env=env).code == 0
    with serving(world):
        assert "└ sub-agent (a1)" in world.onloop("show", task).out
        assert world.onloop("ask", "Which?", env=env).code == 11

        late = world.onloop("heartbeat", "--sub-agent", "a2", env=env)

    assert late.code == 13, late.err
    assert world.onloop("show", task, "--json").json["untrusted"]["sub_agents"] == []


def test_what_cannot_be_kept_is_refused_with_what_would_work(world: World) -> None:
    world.init()
    world.fleet(world.origin())
    env = world.onloop("claim", "--role", "implementer", "--json").json["env"]

    for words, code, told in (
        (("--sub-agent", "x" * 65), 2, "say it in 64 or fewer"),
        (("--sub-agent", "a1", "--doing", "x" * 201), 2, "say it in 200 or fewer"),
        (("--sub-agent", ""), 2, "a sub-agent needs an id"),
        (("--kind", "Explore"), 2, "--sub-agent ID"),
    ):
        no = world.onloop("heartbeat", *words, env=env)
        assert (no.code, told in no.err) == (code, True), no.err
    assert world.onloop("heartbeat", "--sub-agent", "a1").code == 2, "nobody without a token"
