"""Real agents of four vendors, offline, against a model on loopback: held at a gate, resumed, stopped, handed off.

They are looked for in `$ONLOOP_AGENTS` (a folder of programs), then on the path; how npm brings them says the guide
`agents`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onloop.agents.hooks.loopback_model import loopback_model
from onloop.agents.hooks.loopback_script import Delegate, Run, Say, Script, Turn
from onloop.agents.hooks.rehearsal import loopback_flags
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import Vendor
from onloop.machine.rules.ownership import MOST_BLOCKS
from support.world import WORKFLOW, World

pytestmark = pytest.mark.agents

COMMIT = "git add -A && git commit -qm work"
WRONG, RIGHT = f"echo bye > bye.txt && {COMMIT}", f"echo hello > hello.txt && {COMMIT}"
UNHURRIED = WORKFLOW.replace("timeout: 30s", "timeout: 20m")
TRIED = ("claude", "codex", "gemini", "opencode")
HELD = ("claude", "codex", "gemini")
"""Those with a hook at the end of a turn."""


@dataclass(frozen=True, slots=True)
class Employed:
    """One vendor's agent, on the path of a world that has a home folder of its own."""

    vendor: Vendor
    folder: str
    world: World

    @property
    def environment(self) -> dict[str, str]:
        home = self.world.folder / "home"
        (home / ".codex").mkdir(parents=True, exist_ok=True)
        places = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        own = {name: str(home / name.lower()) for name in places}
        return {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), **own}

    def work(
        self, turns: Sequence[Turn], sub_turns: Sequence[Turn] = (), *words: str, env: dict[str, str] | None = None
    ) -> Script:
        """Let it work once on what waits, its model saying these turns; the answer is what the model heard."""
        script = Script(turns, sub_turns, told="Make it say hello.", tokens=60_000)
        with loopback_model(script) as address:
            flags, variables = loopback_flags(self.vendor, address)
            agent = words or ("--agent", self.vendor.name)
            ran = self.world.onloop(
                "work",
                *agent,
                "--role",
                "implementer",
                "--once",
                "--",
                *flags,
                env=self.environment | dict(variables) | (env or {}),
            )
        assert ran.code == 0, ran.err
        return script


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder below the home folder: Gemini CLI believes no settings below a folder that others may write to."""
    folder = Path(tempfile.mkdtemp(prefix=".onloop-test-", dir=Path.home()))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def agent(request: pytest.FixtureRequest, world: World) -> Iterator[Employed]:
    vendor = VENDORS[request.param]
    folder = os.environ.get("ONLOOP_AGENTS")
    program = shutil.which(vendor.program, path=folder) if folder else shutil.which(vendor.program)
    if program is None:
        pytest.skip(f"{vendor.program} is not here; ONLOOP_AGENTS names the folder it is in")
    yield Employed(vendor, str(Path(program).absolute().parent), world)


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("agent", names, indirect=True)


def begun(world: World) -> str:
    world.init()
    return f"{world.fleet(world.origin(), workflow=UNHURRIED)}.1"


def happened(world: World, task: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = world.onloop("log", task, "--json").json["events"]
    return events


def names(world: World, task: str) -> list[str]:
    return [event["name"] for event in happened(world, task)]


@of(*TRIED)
def test_a_commit_that_fails_its_gate_is_mended_in_the_same_session(agent: Employed, world: World) -> None:
    """With a hook, its turn goes on; without one, the worker resumes its session for the next round."""
    task = begun(world)

    script = agent.work([Run(WRONG), Say("All done."), Run(RIGHT), Say("Now it is.")])

    world.until(task, "input_required", "approval_required")
    found = names(world, task)
    assert (found.count("TurnBlocked"), found.count("Claimed")) == (int(agent.vendor.hook is not None), 1)
    assert len(script.heard) == 4
    assert "hello.txt" in str(script.heard[2]) and "All done." in str(script.heard[2]), "told, and it remembers"
    assert found.count("Submitted") == 2, "it never called onloop submit"
    if agent.vendor.name in {"claude", "opencode"}:
        assert "ContextReported" in found or agent.vendor.window == 0
    told = [json.loads(event["data"]) for event in happened(world, task) if event["name"] == "UsageTold"]
    used = [each["usage"] for each in told]
    assert used and used[-1]["input"] > 0 and used[-1]["output"] > 0, "what it used is told as it says"


@of(*HELD)
def test_gates_that_outlast_the_end_of_a_turn_end_it_and_their_answer_resumes_the_session(
    agent: Employed, world: World
) -> None:
    task = begun(world)

    script = agent.work([Run(WRONG), Say("All done."), Run(RIGHT), Say("Now it is.")], env={"ONLOOP_HOOK_WAIT": "0"})

    world.until(task, "input_required", "approval_required")
    assert "TurnBlocked" not in names(world, task), "no turn was spent on waiting"
    assert "hello.txt" in str(script.heard[2]) and "All done." in str(script.heard[2])


@of(*TRIED)
def test_a_question_ends_the_turn_its_answer_resumes_the_session_and_a_hand_off_begins_another(
    agent: Employed, world: World
) -> None:
    task = begun(world)

    asked = agent.work([Run("onloop ask 'Which greeting?'"), Say("I have asked."), Say("I go on all the same.")])
    world.until(task, "input_required", "question")
    assert world.decide("answer", task, "A short one.").code == 0
    handed = agent.work([Run("onloop handoff --why 'I am full'"), Say("It is yours."), Say("I go on.")])
    fresh = agent.work([Run(RIGHT), Say("Done.")])

    world.until(task, "input_required", "approval_required")
    if agent.vendor.hook is not None:
        assert len(asked.heard) == 2, "its model was not asked for another turn"
    assert "A short one." in str(handed.heard[0]) and "I have asked." in str(handed.heard[0])
    assert "I am full" in str(fresh.heard[0]) and "I have asked." not in str(fresh.heard[0])


@of("claude", "codex")
def test_a_sub_agent_in_its_process_is_seen_while_it_works_and_not_after(agent: Employed, world: World) -> None:
    """Agent and sub-agent may work at once: each waits for what it is to see."""
    task = begun(world)
    state = world.store.parent
    during, after = state / "during.json", state / "after.json"
    show, there = "onloop show $ONLOOP_TASK", "onloop show $ONLOOP_TASK | grep -q 'process of'"
    look = Run(f"until {there}; do sleep 0.1; done; {show} --json > {during}.part; mv {during}.part {during}")
    gone = f"until test -e {during}; do sleep 0.1; done; while {there}; do sleep 0.1; done"
    end = Run(f"{gone}; {show} --json > {after}; onloop ask 'Which?'")

    agent.work([Delegate("Look."), end, Say("I have asked.")], [look, Say("I have looked.")])

    world.until(task, "input_required", "question")
    (within,) = json.loads(during.read_text())["untrusted"]["sub_agents"]
    assert (bool(within["kind"]), within["process_of"]) == (True, task)
    assert json.loads(after.read_text())["untrusted"]["sub_agents"] == []


@of(*HELD)
def test_an_agent_that_never_hands_anything_in_is_let_end_after_so_many_turns(agent: Employed, world: World) -> None:
    task = begun(world)

    script = agent.work([Say("All done.")])

    found = names(world, task)
    assert found.count("TurnBlocked") == MOST_BLOCKS
    assert found.count("TurnEnded") == 1
    assert len(script.heard) == MOST_BLOCKS + 1
    assert world.task(task)["state"] != "input_required" or "approval" not in world.task(task)["reason"]


@of(*HELD)
def test_what_its_step_forbids_is_refused_as_it_tries_and_it_goes_on(agent: Employed, world: World) -> None:
    task = begun(world)
    mark = world.folder / "pushed"

    script = agent.work(
        [
            Run(f"git push origin HEAD; touch {mark}"),
            Run("mkdir -p .onloop; echo > .onloop/a"),
            Run(RIGHT),
            Say("Done."),
        ]
    )

    world.until(task, "input_required", "approval_required")
    assert "your step forbids pushing" in str(script.heard[1]) and not mark.exists()
    assert "own files" in str(script.heard[2])
    assert not (world.store.parent / "environments" / task / ".onloop").exists()


@of(*TRIED)
def test_doctor_proves_what_installed_hooks_hold_an_agent_to(agent: Employed, world: World) -> None:
    name, said = agent.vendor.name, ("--json",)
    project = world.folder / "project"
    project.mkdir()
    before = world.onloop("hook", "doctor", name, *said, env=agent.environment, cwd=project)
    scope = () if name in {"claude", "opencode"} else ("--user",)
    assert world.onloop("hook", "install", name, *scope, env=agent.environment, cwd=project).code == 0

    after = world.onloop("hook", "doctor", name, *said, env=agent.environment, cwd=project)

    assert (before.code, before.json["level"]) == (17, "L0")
    assert (after.code, after.json["level"]) == (0, "L2"), after.out + after.err
    assert (after.json["fires"], after.json["denies"]) == (True, True)


@of("claude", "codex", "gemini")
def test_a_managed_hook_holds_without_anything_of_the_user(agent: Employed, world: World) -> None:
    """Root's files are shown to it in a mount namespace of its own: the machine's stay as they are."""
    name, image, bwrap = agent.vendor.name, world.folder / "image", shutil.which("bwrap")
    if bwrap is None:
        pytest.skip("bwrap is not here, to show an agent other files below /etc")
    managed = ("--managed", "--root", str(image), "--program", str(Path(sys.executable).parent / "onloop"))
    assert world.onloop("hook", "install", name, *managed).code == 0
    etc = next((image / "etc").iterdir())
    inside = (bwrap, "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/etc", *_etc_but(etc.name))
    words = (sys.executable, "-m", "onloop.cli.entry", "hook", "doctor", name, "--json")
    given = (
        world.environment | agent.environment | {"PATH": f"{agent.environment['PATH']}:{Path(sys.executable).parent}"}
    )

    ran = subprocess.run(
        (*inside, "--bind", str(etc), f"/etc/{etc.name}", "--chdir", str(world.folder), *words),
        env=given, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip

    found = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [bool(place["events"]) for place in found["places"]] == [False, False, True]
    assert found["denies"] and (found["fires"] or agent.vendor.hook is None)
    assert found["level"] == ("L2" if found["places"][2]["trouble"] else "L3")


def _etc_but(name: str) -> list[str]:
    """The words that bind what is in /etc into one that can be added to."""
    kept = [path for path in Path("/etc").iterdir() if path.name != name]
    return [word for path in kept for word in ("--ro-bind-try", str(path), str(path))]


@of(*TRIED)
def test_doctor_proves_an_agent_in_a_workers_clone(agent: Employed, world: World) -> None:
    proved = world.onloop("doctor", "--agent", agent.vendor.name, "--json", env=agent.environment, cwd=world.folder)

    assert proved.code == 0, proved.out + proved.err
    assert (proved.json["works"], proved.json["fires"]) == (True, agent.vendor.hook is not None)
    assert "login" not in proved.json
