"""Real agents of two vendors, offline, against a model on loopback: held at a gate, let go when it passes, stopped.

They are looked for in `$ONLOOP_AGENTS` (a folder of programs), then on the path; how npm brings them says the guide
`agents`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onloop.agents.hooks.loopback_model import Delegate, Run, Say, Script, Turn, loopback_model
from onloop.agents.hooks.rehearsal import rehearsal_of
from onloop.agents.hooks.vendors import VENDORS, Vendor, on_the_command_line
from onloop.machine.rules.ownership import MOST_BLOCKS
from support.world import World

pytestmark = pytest.mark.agents

COMMIT = "git add -A && git commit -qm work && onloop submit"
WRONG, RIGHT = f"echo bye > bye.txt && {COMMIT}", f"echo hello > hello.txt && {COMMIT}"


@dataclass(frozen=True, slots=True)
class Employed:
    """One vendor's agent, ready to be a worker's command."""

    vendor: Vendor
    program: str
    world: World

    def work(self, turns: Sequence[Turn], sub_turns: Sequence[Turn] = ()) -> Script:
        """Let it work once on what waits, its model saying these turns; the answer is what the model heard."""
        script = Script(turns, sub_turns, told="Make it say hello.")
        with loopback_model(script) as address:
            ready = rehearsal_of(self.vendor, self.program, address, self.world.folder, *self._hook())
            home = {"HOME": str(self.world.folder / "home"), "CODEX_HOME": str(self.world.folder / "home" / ".codex")}
            (self.world.folder / "home" / ".codex").mkdir(parents=True, exist_ok=True)
            words = ("work", "--role", "implementer", "--name", self.vendor.name, "--once", "--", *ready.argv)
            ran = self.world.onloop(*words, env=ready.environment | home)
        assert ran.code == 0, ran.err
        return script

    def _hook(self) -> tuple[str, ...]:
        hook = on_the_command_line(self.vendor)
        if self.vendor.name == "claude":
            return ("--settings", hook)
        return (
            "--dangerously-bypass-hook-trust",
            "-c",
            hook,
            "--add-dir",
            str(self.world.store.parent),
            "--add-dir",
            ".git",
        )


@pytest.fixture(params=list(VENDORS))
def agent(request: pytest.FixtureRequest, world: World) -> Iterator[Employed]:
    vendor = VENDORS[request.param]
    folder = os.environ.get("ONLOOP_AGENTS")
    program = shutil.which(vendor.program, path=folder) if folder else shutil.which(vendor.program)
    if program is None:
        pytest.skip(f"{vendor.program} is not here; ONLOOP_AGENTS names the folder it is in")
    yield Employed(vendor, str(Path(program).resolve() if folder is None else Path(program).absolute()), world)


def begun(world: World) -> str:
    world.init()
    return f"{world.fleet(world.origin())}.1"


def happened(world: World, task: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = world.onloop("log", task, "--json").json["events"]
    return events


def names(world: World, task: str) -> list[str]:
    return [event["name"] for event in happened(world, task)]


def test_an_agent_that_says_done_at_a_failing_gate_is_sent_on_and_let_go_when_it_passes(
    agent: Employed, world: World
) -> None:
    task = begun(world)

    script = agent.work([Run(WRONG), Say("All done."), Run(RIGHT), Say("Now it is.")])

    world.until(task, "input_required", "approval_required")
    assert names(world, task).count("TurnBlocked") == 1
    assert names(world, task).count("TurnEnded") == 0
    assert len(script.heard) == 4
    assert "hello.txt" in str(script.heard[2]), "the agent was told which gate failed"


def test_an_agent_is_stopped_at_once_when_a_person_must_decide(agent: Employed, world: World) -> None:
    task = begun(world)

    script = agent.work([Run("onloop ask 'Which greeting?'"), Say("I have asked."), Say("I go on all the same.")])

    world.until(task, "input_required", "question")
    assert len(script.heard) == 2, "its model was not asked for another turn"
    assert "TurnBlocked" not in names(world, task)


def test_a_sub_agent_in_its_process_is_seen_while_it_works_and_not_after(agent: Employed, world: World) -> None:
    """Agent and sub-agent may work at once: each waits for what it is to see."""
    task = begun(world)
    during, after = world.folder / "during.json", world.folder / "after.json"
    show, there = "onloop show $ONLOOP_TASK", "onloop show $ONLOOP_TASK | grep -q 'process of'"
    look = Run(f"until {there}; do sleep 0.1; done; {show} --json > {during}.part; mv {during}.part {during}")
    gone = f"until test -e {during}; do sleep 0.1; done; while {there}; do sleep 0.1; done"
    end = Run(f"{gone}; {show} --json > {after}; onloop ask 'Which?'")

    agent.work([Delegate("Look."), end, Say("I have asked.")], [look, Say("I have looked.")])

    world.until(task, "input_required", "question")
    (within,) = json.loads(during.read_text())["untrusted"]["sub_agents"]
    assert (bool(within["kind"]), within["process_of"]) == (True, task)
    assert json.loads(after.read_text())["untrusted"]["sub_agents"] == []


def test_an_agent_that_never_hands_anything_in_is_let_end_after_so_many_turns(agent: Employed, world: World) -> None:
    task = begun(world)

    script = agent.work([Say("All done.")])

    found = names(world, task)
    assert found.count("TurnBlocked") == MOST_BLOCKS
    assert found.count("TurnEnded") == 1
    assert len(script.heard) == MOST_BLOCKS + 1
    assert world.task(task)["state"] != "input_required" or "approval" not in world.task(task)["reason"]


def test_doctor_proves_that_the_hook_fires_and_says_so_when_it_does_not(agent: Employed, world: World) -> None:
    path = f"{Path(agent.program).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(world.folder / "home")}
    (world.folder / "home").mkdir()

    without = world.onloop("doctor", "--agent", agent.vendor.name, env=env, cwd=world.folder)
    assert (without.code, "does NOT call our hook" in without.out) == (17, True), without.out + without.err

    assert world.onloop("hook", "install", agent.vendor.name, "--user", env=env, cwd=world.folder).code == 0
    with_hook = world.onloop("doctor", "--agent", agent.vendor.name, env=env, cwd=world.folder)
    if agent.vendor.name == "codex":  # its trap: an untrusted hook is skipped without a word, and that must be seen
        assert (with_hook.code, "trust" in with_hook.err) == (17, True), with_hook.out + with_hook.err
    else:
        assert with_hook.code == 0, with_hook.out + with_hook.err
