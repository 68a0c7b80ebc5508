"""Real agents that speak ACP, offline, against a model on loopback: in the loop that we own, and asking for leave.

They are looked for in `$ONLOOP_AGENTS`, a folder of programs; npm's packages are `opencode-ai`, `@google/gemini-cli`
and `@agentclientprotocol/claude-agent-acp`.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from onloop.agents.acp.permission_call import HEADER
from onloop.agents.hooks.loopback_model import loopback_model
from onloop.agents.hooks.loopback_script import Run, Say, Script, Turn
from onloop.agents.hooks.rehearsal import loopback_flags
from onloop.agents.vendors.known_vendors import VENDORS
from support.world import WORKFLOW, World

pytestmark = pytest.mark.agents

COMMIT = "git add -A && git commit -qm work"
WRONG, RIGHT = f"echo bye > bye.txt && {COMMIT}", f"echo hello > hello.txt && {COMMIT}"
UNHURRIED = WORKFLOW.replace("timeout: 30s", "timeout: 20m")
GEMINI_LOGIN = '{"security": {"auth": {"selectedType": "vertex-ai"}}}'
PROGRAMS = {
    "opencode": ("opencode", "acp"),
    "claude": ("claude-agent-acp",),
    "gemini": ("gemini", "--experimental-acp"),
}


def command_of(name: str) -> tuple[str, ...]:
    folder = os.environ.get("ONLOOP_AGENTS", "")
    program = shutil.which(PROGRAMS[name][0], path=folder)
    if program is None:
        pytest.skip(f"{PROGRAMS[name][0]} is not here; ONLOOP_AGENTS names the folder it is in")
    return (program, *PROGRAMS[name][1:])


def work(world: World, name: str, turns: Sequence[Turn], *words: str) -> Script:
    """Let the agent work once, its model saying these turns; the answer is what the model heard."""
    home = world.folder / "home"
    (home / ".gemini").mkdir(parents=True, exist_ok=True)
    (home / ".gemini" / "settings.json").write_text(GEMINI_LOGIN, encoding="utf-8")
    places = {place: str(home / place.lower()) for place in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    script = Script(turns, (), told="Make it say hello.", tokens=60_000)
    program = command_of(name)
    with loopback_model(script) as address:
        _, variables = loopback_flags(VENDORS[name], address)
        path = os.pathsep.join((os.path.dirname(program[0]), os.environ["PATH"]))  # noqa: PTH120 - not its target
        env = {"HOME": str(home), "PATH": path, **places, **variables}
        ran = world.onloop("work", "--acp", shlex.join(program), "--once", *words, env=env)
    assert ran.code == 0, ran.err
    return script


def begun(world: World) -> str:
    world.init()
    return f"{world.fleet(world.origin(), workflow=UNHURRIED)}.1"


def names(world: World, task: str) -> list[Any]:
    return [event["name"] for event in world.onloop("log", task, "--json").json["events"]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_commit_that_fails_its_gate_is_mended_in_the_same_session(name: str, world: World) -> None:
    task = begun(world)

    script = work(world, name, [Run(WRONG), Say("All done."), Run(RIGHT), Say("Now it is.")], "--permit", "execute")

    world.until(task, "input_required", "approval_required")
    found = names(world, task)
    assert (found.count("Claimed"), found.count("Submitted")) == (1, 2)
    heard = str(script.heard)
    assert "hello.txt is not a file" in heard and "All done." in str(script.heard[-1])


def test_what_claude_asks_leave_for_waits_for_a_person_and_its_session_goes_on(world: World) -> None:
    task = begun(world)
    work(world, "claude", [Run(RIGHT), Say("Done.")])
    asked = world.until(task, "input_required", "question")
    assert HEADER in asked["detail"] and "hello.txt" in asked["detail"]
    assert world.decide("answer", task, "allow").code == 0

    work(world, "claude", [Run(RIGHT), Say("Done.")])

    world.until(task, "input_required", "approval_required")
