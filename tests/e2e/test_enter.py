"""A person steps in beside an agent, in a box of their own in its clone: recorded, bounded, and never by an agent."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from support.entering import enters
from support.world import PASSPHRASE, World

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bubblewrap here")


def events(world: World, task: str, name: str) -> list[Any]:
    found = world.onloop("log", task, "--json").json["events"]
    return [json.loads(event["data"]) for event in found if event["name"] == name]


def claimed(world: World) -> tuple[str, dict[str, str]]:
    """A task that an agent holds, and the agent's variables."""
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    given = world.onloop("claim", task, "--role", "implementer", "--json").json
    return task, given["env"]


@needs_bubblewrap
def test_who_was_inside_when_and_for_how_long_is_a_fact_and_the_shell_sees_the_clone_and_no_store(
    world: World, tmp_path: Path
) -> None:
    task, _ = claimed(world)
    kept = tmp_path / "stay.txt"
    with enters(world, task, "--transcript", str(kept)) as shell:
        shell.says(lambda shown: "$ " in shown or "# " in shown)
        shell.types(f"git log --oneline | head -1; ls {world.store} || echo no-store; ls ~/.ssh\n")
        shell.says(lambda shown: "\nno-store" in shown)
        assert f"human:ana stepped into the clone of {task}, in a box on" in world.onloop("show", task).out
        shell.types("exit 4\n")
        assert shell.ends() == 0
    assert "stepped into" not in world.onloop("show", task).out
    (came,), (left,) = events(world, task, "PersonEntered"), events(world, task, "PersonLeft")
    stay = came["stay"]
    assert (stay["person"], stay["place"]) == ("human:ana", f"the clone of {task}, in a box")
    assert (left["session"], left["how"]) == (stay["session"], "exit code 4")
    assert left["transcript"] == sha256(kept.read_bytes()).hexdigest()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert world.task(task)["state"] == "working"


@needs_bubblewrap
def test_a_stay_ends_when_its_time_is_over_or_the_task_s(world: World) -> None:
    task, _ = claimed(world)
    with enters(world, task, "--most", "1s") as shell:
        shell.says(lambda shown: "its agent works beside you" in shown)
        assert shell.ends() == 0
    assert [event["how"] for event in events(world, task, "PersonLeft")] == ["its time was over"]
    with enters(world, task) as shell:
        shell.says(lambda shown: "its agent works beside you" in shown)
        canceled = world.onloop(
            "cancel", task, "--reason", "no more", "--as", "ana", "--passphrase-fd", "0", passphrase=PASSPHRASE
        )
        assert canceled.code == 0, canceled.err
        assert shell.ends() == 0
    assert events(world, task, "PersonLeft")[-1]["how"] == "its task has ended"


def test_no_agent_steps_in_and_nobody_without_a_terminal(world: World) -> None:
    task, variables = claimed(world)
    by_agent = world.onloop("enter", task, env=variables)
    assert by_agent.code == 13 and "may not step into an environment" in by_agent.err
    without = world.onloop("enter", task, "--as", "ana", "--passphrase-fd", "0", passphrase=PASSPHRASE)
    assert without.code == 2 and "needs a terminal" in without.err
    assert events(world, task, "PersonEntered") == []
