"""What agents read by themselves, as its words stand: every command in it works, and real agents need nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.test_vendors import Employed, begun, names, of
from e2e.test_vendors import agent as agent
from e2e.test_vendors import tmp_path as tmp_path
from onloop.agents.hooks.loopback_model import loopback_model
from onloop.agents.hooks.loopback_script import Run, Say, Script, Turn
from onloop.agents.hooks.rehearsal import loopback_flags
from onloop.agents.instructions.instruction_files import PLUGIN
from onloop.agents.instructions.instruction_places import instructions_for
from onloop.agents.instructions.working_rules import block_text
from support.world import World

COMMAND = re.compile(r"`(onloop [^`]+)`")
LISTED = re.compile(r"\d\. (?:`(onloop [^`]+)`|Do it, and commit it)")
WORK = "echo hello > hello.txt && git add --all && git commit --quiet --message hello"


def test_every_command_that_agents_are_told_works(world: World) -> None:
    world.init()
    run = world.fleet(world.origin(), world.origin("ask"), world.origin("fail"))
    task = f"{run}.1"
    env = world.onloop("claim", task, "--role", "implementer", "--json").json["env"]
    clone = world.store.parent / "environments" / task
    told = COMMAND.findall(block_text())
    assert [words.split()[1] for words in told] == ["next", "submit", "check", "ask", "fail", "help"]
    ends = {"next": {10}, "submit": {0, 11}, "check": {0, 11}}

    (clone / "hello.txt").write_text("hello\n")
    world.git(clone, "add", "--all")
    world.git(clone, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "hello")
    for words in told[:3]:
        ran = world.onloop(*split(words)[1:], env=env, cwd=clone)
        assert ran.code in ends[words.split()[1]], (words, ran.out, ran.err)
    assert world.onloop(*split(told[-1])[1:]).code == 0
    for number, words in enumerate(told[3:5], 2):
        env = world.onloop("claim", f"{run}.{number}", "--role", "implementer", "--json").json["env"]
        ran = world.onloop(*split(words)[1:], env=env)
        assert ran.code in {0, 11, 12}, (words, ran.code, ran.out, ran.err)
        assert world.task(f"{run}.{number}")["state"] != "working"


def split(words: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', words)]


def test_the_verb_says_what_it_did_and_refuses_before_it_begins(world: World) -> None:
    folder = world.folder / "project"
    folder.mkdir()

    shown = world.onloop("instruct", "show", "codex", "--json").json
    done = world.onloop("instruct", "install", "codex", "--dir", str(folder), "--json").json
    again = world.onloop("instruct", "install", "codex", "--dir", str(folder), "--json").json

    assert shown["files"][0]["text"] == block_text()
    assert [each["changed"] for each in done["files"]] == [True, True]
    assert [each["changed"] for each in again["files"]] == [False, False]
    (folder / ".agents/skills/onloop/SKILL.md").write_text("Mine.\n", encoding="utf-8")
    (folder / "AGENTS.md").unlink()
    refused = world.onloop("instruct", "install", "codex", "--dir", str(folder))
    assert refused.code == 2 and not (folder / "AGENTS.md").exists()
    assert world.onloop("instruct", "install", "codex", "--dir", str(folder / "gone")).code == 2


@dataclass(slots=True)
class Reader(Script):
    """A model that knows nothing, and does in order what the list says that its agent has read to it."""

    plan: tuple[str, ...] = ()

    def next_turn(self, request: dict[str, Any]) -> Turn:
        if not self.plan:
            told = json.dumps(request).replace('\\\\\\"', '"').replace('\\\\"', '"').replace('\\"', '"')
            self.plan = tuple(found[1] or WORK for found in LISTED.finditer(told)) or ("false",)
        self.heard.append(request)
        return Run(self.plan[len(self.heard) - 1]) if len(self.heard) <= len(self.plan) else Say("That is all.")


FRESH: dict[str, tuple[str, ...]] = {
    "claude": ("claude", "-p", "--permission-mode", "acceptEdits", "--allowedTools", "Bash"),
    "codex": ("codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "-c", "allow_login_shell=false"),
    "gemini": ("gemini", "--skip-trust", "--approval-mode", "yolo", "-p", ""),
}


def told_only(agent: Employed, words: tuple[str, ...], given: dict[str, str], folder: Path, said: str) -> str:
    """What a vendor's program prints that is started as a person would start it, and told one sentence."""
    environment = agent.world.environment | given
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), given["PATH"]))
    ran = subprocess.run(
        words, cwd=folder, env=environment, input=said, capture_output=True, text=True, check=False, timeout=600
    )
    return ran.stdout + ran.stderr


@pytest.mark.agents
@of(*FRESH)
def test_a_fresh_agent_that_is_told_nothing_else_gets_its_work_through(agent: Employed, world: World) -> None:
    """No hook, no worker's words: what it knows of onloop stands in the repository that it was started in."""
    task, name = begun(world), agent.vendor.name
    env = world.onloop("claim", "--role", "implementer", "--json").json["env"]
    clone = world.store.parent / "environments" / task
    for place in instructions_for(name, clone):
        place.install()
    script = Reader([Say("")])

    with loopback_model(script) as address:
        flags, variables = loopback_flags(agent.vendor, address)
        given = agent.environment | dict(variables) | env
        ran = told_only(agent, (*FRESH[name], *flags), given, clone, "Do what your task asks of you.")

    assert script.plan[0] == "onloop next" and WORK in script.plan, ran
    world.until(task, "input_required", "approval_required")
    assert names(world, task).count("Submitted") == 1


@pytest.mark.agents
@of("claude")
def test_the_plugin_brings_skill_and_hooks_into_a_session(agent: Employed, world: World) -> None:
    plugin, project, proof = world.folder / "plugin", world.folder / "project", world.folder / "proof"
    for place in instructions_for(PLUGIN, plugin):
        place.install()
    project.mkdir()
    script = Script([Run("echo tried > .onloop-x; mkdir .onloop; echo > .onloop/a"), Say("Done.")])

    with loopback_model(script) as address:
        flags, variables = loopback_flags(agent.vendor, address)
        words = (*FRESH["claude"], "--plugin-dir", str(plugin), *flags)
        given = agent.environment | dict(variables) | {"ONLOOP_HOOK_PROOF": str(proof), "ONLOOP_TOKEN": "none"}
        told_only(agent, words, given, project, "Go.")

    assert "gateway that says whether a step is done" in json.dumps(script.heard[0]), "the skill is offered"
    assert "claude PreToolUse" in proof.read_text()
    assert not (project / ".onloop").exists(), "refused"
