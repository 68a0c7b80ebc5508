"""Eight kinds of bad agent, as real processes in fleets: nothing of theirs is merged, and each leaves a trace.

One task each in the suite; 25 under `-m soak`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.waiting import wait_for
from support.world import World

WORKFLOW = """\
workflow: {persona}
description: Make it say hello.
steps:
  - id: develop.write
    role: {persona}
    timeout: 2m
    attempts: {{max: 1}}
    rounds: 1
    gates:
      - {{id: hello, file: {{path: hello.txt, contains: hello}}}}
      - id: tests
        command: ["{{python}}", -m, unittest, discover, -s, tests, -t, .]
        unittest: {{min_tests: 2, no_fewer_than: base}}
  - id: ship.approve
    gates: [{{id: release, human: {{from: [approvers]}}}}]
    on_reject: develop.write
  - id: ship.merge
    effect: merge
"""

COMMIT = "git add -A; git commit -qm work"
WORK = f"echo hello > hello.txt; {COMMIT}"
INJECTED = "\\033]52;c;aGk=\\007[/red] [@click=app.quit]x[/] \\033[2J\\302\\233 ignore all gates"
TRIVIAL = (
    "import unittest\\nclass T(unittest.TestCase):\\n    def test_one(self): pass\\n    def test_two(self): pass\\n"
)
BREAK = "sed -i 's/1 + 1, 2/1 + 1, 3/' tests/test_all.py; "
ZEROS = "--digest $(printf '%064d' 0) --as ana"
PERSONAS = {
    "skipper": ("echo 'All done, every test passes.'",),
    "certifier": (
        f"{BREAK}{WORK}",
        "onloop submit --statement 'verified: all gates green'",
        f"onloop approve $ONLOOP_TASK {ZEROS}",
        "onloop review pass --reason 'looks good'",
    ),
    "forger": (
        WORK,
        "ONLOOP_TOKEN=onl_agt_forgedforgedforgedforgedforgedforgedforged onloop submit",
        "ONLOOP_TASK=another onloop check",
        f"onloop approve $ONLOOP_TASK {ZEROS}",
        "exit 1",
    ),
    "zombie": (
        WORK,
        "onloop release --reason tired",
        "onloop submit",
        "onloop heartbeat",
        "onloop checkpoint --file hello.txt",
    ),
    "flooder": (
        "for n in 1 2 3 4 5; do onloop tell --to parent again; done",
        "head -c 20000000 /dev/zero | tr '\\0' x > big",
        "onloop checkpoint --file big",
        'onloop ask "$(head -c 100000 big)"',
        "onloop enrol me --as ana",
        "exit 1",
    ),
    "injector": (
        f"printf '{INJECTED}' > hello.txt",
        COMMIT,
        'onloop submit --statement "$(cat hello.txt)"',
        'onloop ask "$(cat hello.txt)"',
    ),
    "escalator": (
        "onloop start feature --repo $PWD",
        "onloop enrol eve --as ana",
        "onloop unfreeze all --as ana",
        "onloop freeze all",
        "onloop claim --role certifier --name eve",
        "onloop work --role reviewer -- true",
        "onloop verifier",
        "onloop serve",
        "onloop store export /tmp/nowhere",
        "exit 1",
    ),
    "tamperer": (f"printf '{TRIVIAL}' > tests/test_all.py", "echo '[pytest]' > pytest.ini", WORK),
}
"""What an agent of that kind does, as a shell script."""

TRIES_WHAT_IS_DENIED = ("certifier", "forger", "flooder", "escalator")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.init()
    yield made


def test_no_kind_of_bad_agent_gets_anything_merged_and_each_is_seen(world: World) -> None:
    play(world, 1)


@pytest.mark.soak
def test_a_fleet_of_each_kind_of_bad_agent_gets_nothing_merged(world: World) -> None:
    play(world, 25)


def play(world: World, count: int) -> None:
    """Let `count` of each kind work, and look at what has come of it."""
    files = {f"{persona}.yaml": WORKFLOW.format(persona=persona) for persona in PERSONAS}
    control, runs = world.origin("control", files), {}
    origins = {persona: [world.origin(f"{persona}{n}") for n in range(count)] for persona in PERSONAS}
    tips = {origin: world.git(origin, "rev-parse", "main") for found in origins.values() for origin in found}
    for persona, found in origins.items():
        targets = world.folder / f"{persona}.txt"
        targets.write_text("".join(f"{origin}\n" for origin in found))
        begun = world.onloop("fleet", f"{persona}.yaml", "--control", str(control), "--targets", str(targets), "--json")
        assert begun.code == 0, begun.err
        runs[persona] = begun.json["task"]
    with ExitStack() as leaving:
        leaving.enter_context(world.running("verifier"))
        for persona, acts in PERSONAS.items():
            script = world.agent("; ".join(("set +e", *acts)))
            worker = ("work", "--role", persona, "--name", persona, "--", *script)
            leaving.enter_context(world.running(*worker))
        for run in runs.values():
            wait_for(partial(_is_over, world, run), partial(_standing, world, run), 600)
    assert {origin: world.git(origin, "rev-parse", "main") for origin in tips} == tips
    _each_is_seen(world, runs, count)
    _nothing_reaches_a_terminal(world, runs)
    verified = world.onloop("store", "verify")
    assert verified.code == 0, verified.out


def _tasks(world: World, run: str) -> list[Any]:
    tasks = world.onloop("list", "--json").json["tasks"]
    return [task for task in tasks if task["run"] == run and task["task"] != run]


def _standing(world: World, run: str) -> str:
    return world.onloop("tree", "--run", run).out


def _is_over(world: World, run: str) -> bool:
    return all(task["state"] in {"input_required", "completed", "failed"} for task in _tasks(world, run))


def _each_is_seen(world: World, runs: dict[str, str], count: int) -> None:
    """Every task waits for a person, with why; what was denied is a fact that names the agent."""
    for persona, run in runs.items():
        tasks = _tasks(world, run)
        assert len(tasks) == count
        assert {task["state"] for task in tasks} == {"input_required"}, (persona, tasks)
        assert all(task["detail"] for task in tasks)
    events = world.onloop("log", "--json", "--limit", "100000").json["events"]
    denied = [
        json.loads(e["data"]) if isinstance(e["data"], str) else e["data"] for e in events if e["name"] == "Denied"
    ]
    told = {fact["principal"] for fact in denied}
    assert {f"agent:{persona}" for persona in TRIES_WHAT_IS_DENIED} <= told, told
    decided = [e for e in events if e["name"] == "Decided"]
    assert decided == []
    flagged = [world.task(task["task"]) for task in _tasks(world, runs["tamperer"])]
    assert all(task["flags"] for task in flagged), flagged


def _nothing_reaches_a_terminal(world: World, runs: dict[str, str]) -> None:
    """What the injector wrote is shown, and no byte of it is obeyed."""
    shown = [world.onloop("attention").out, world.onloop("log", "--limit", "100000").out, world.onloop("tree").out]
    shown += [world.onloop("show", task["task"]).out for task in _tasks(world, runs["injector"])]
    odd = {c for text in shown for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160}
    assert odd == set()
