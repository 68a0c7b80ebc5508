"""The recipes for other engines, as the guide shows them: what they ask is the real `onloop check` of a real task."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from guides.pages import GUIDES, blocks
from support.world import WORKFLOW, World

RECIPES = dict(
    zip(
        ("gate", "temporal_flow", "graph_flow"),
        [each.code for each in blocks(GUIDES["recipes"]) if each.language == "python"],
        strict=True,
    )
)
TEMPORAL = """
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporal_flow import Change, may_go_on
try:
    print(0, ActivityEnvironment().run(may_go_on))
except ApplicationError as no:
    print(no.details[0], no.non_retryable)
"""
RUNS_LONG = """
workflow: small
steps:
  - id: develop.write
    role: implementer
    brief: Make it say hello.
    gates: [{id: tests, command: [sleep, "1000"]}]
"""
LANGGRAPH = """
import subprocess
from graph_flow import flow, may_go_on
def build(state):
    subprocess.run("echo hello > hello.txt; git add -A; git commit -qm Hello; onloop submit", shell=True)
    return {}
state = flow(build).invoke({})
print(state["code"], state["rounds"], may_go_on(state))
"""


class Claimed:
    """A task that is claimed, and the folder where its flow lies."""

    def __init__(self, world: World, workflow: str = WORKFLOW) -> None:
        world.init()
        run = world.fleet(world.origin("shop"), workflow=workflow)
        claimed = world.onloop("claim", f"{run}.1", "--role", "implementer", "--name", "ada")
        assert claimed.code == 0, claimed.err
        self.clone = world.store.parent / "environments" / f"{run}.1"
        self.folder = world.folder / "flow"
        self.folder.mkdir()
        for name, code in RECIPES.items():
            (self.folder / f"{name}.py").write_text(code)
        (self.folder / "onloop").write_text(f'#!/bin/sh\nexec {sys.executable} -m onloop.cli.entry "$@"\n')
        (self.folder / "onloop").chmod(0o755)
        words = [line.removeprefix("export ") for line in claimed.out.splitlines() if line.startswith("export ")]
        given = dict(word.split("=", 1) for line in words for word in shlex.split(line))
        path = f"{self.folder}{os.pathsep}{world.environment['PATH']}"
        self.environment = {**world.environment, **given, "PATH": path, "PYTHONPATH": str(self.folder)}

    def runs(self, program: str, python: str = sys.executable) -> str:
        """What a program beside the recipes prints, in the clone of the task."""
        words = [python, "-c", program]
        ran = subprocess.run(words, env=self.environment, cwd=self.clone, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()[-1]


def test_the_function_that_recipes_share_says_no_until_the_gates_passed_and_where_it_cannot_ask(world: World) -> None:
    claimed = Claimed(world)
    asks = "import gate; code, why, _ = gate.check(); print(code, code in gate.GO_ON, bool(why))"

    assert claimed.runs(asks) == "10 False True"
    claimed.environment["ONLOOP_TOKEN"] = "forged"
    code, goes_on, says_why = claimed.runs(asks).split()

    assert (int(code) > 0, goes_on, says_why) == (True, "False", "True")


def test_a_flow_waits_while_gates_run_and_not_where_it_must_submit(world: World) -> None:
    claimed = Claimed(world, RUNS_LONG)
    asks = "import gate; code, _, waits = gate.check(); print(code, waits)"
    commits = "git add -A; git commit -q --allow-empty -m Hello"
    submits = f"echo hello > hello.txt; {commits}; onloop submit --wait 0s"
    shell = 'import subprocess; subprocess.run("{}", shell=True); '

    assert claimed.runs(asks) == "10 False"
    assert claimed.runs(shell.format(submits) + asks) == "10 True"
    assert claimed.runs(shell.format(commits) + asks) == "10 False", "HEAD is another commit, which nothing checks"


def test_recipes_are_short_and_of_python() -> None:
    for name, code in RECIPES.items():
        compile(code, name, "exec")
        assert len(code.splitlines()) <= 40, name


@pytest.mark.projects
def test_temporal_and_langgraph_flows_go_on_when_the_gates_say_so(world: World, tmp_path: Path) -> None:
    made = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(made)], check=True)
    python = str(made / "bin" / "python")
    words = [python, "-m", "pip", "install", "-q", "temporalio", "langgraph"]
    if subprocess.run(words, capture_output=True, timeout=900).returncode:
        pytest.skip("no registry that has temporalio and langgraph")
    claimed = Claimed(world)

    assert claimed.runs(TEMPORAL, python) == "10 True"
    assert claimed.runs(LANGGRAPH, python) == "0 1 True"
    assert claimed.runs(TEMPORAL, python).startswith("0 develop.write is achieved")
