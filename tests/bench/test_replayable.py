"""What of a store can be replayed, and what is refused with what would work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import end_verifier
from onloop.access.opening import GatewayHandle, open_file
from onloop.bench.replayable import replayed
from onloop.errors import OnloopError
from onloop.gates.repository.folders import remove_tree
from onloop.home import Home
from onloop.machine.definition import Isolation
from support.world import World

STEPS = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    isolation: {isolation}
    brief: Make it say hello.
    gates: [{gate}]
  - id: ship.approve
    gates: [{{id: release, human: {{from: [approvers]}}}}]
    on_reject: develop.write
  - {{id: ship.merge, effect: merge}}
"""
FILE = "{id: hello, file: {path: hello.txt}}"
PEOPLE = "{id: look, human: {from: [approvers]}}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.init()
    yield made
    end_verifier(made)


def ended(world: World, gate: str = FILE, isolation: str = "none") -> str:
    """A task that handed something in, and that a person then called off."""
    workflow = STEPS.format(gate=gate, isolation=isolation)
    run = world.fleet(world.origin(), workflow=workflow)
    script = 'cat > /dev/null; echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
    world.until(f"{run}.1", "input_required", "approval_required")
    assert world.decide("cancel", f"{run}.1", "--reason", "enough").code == 0
    return f"{run}.1"


def refusal(world: World, task: str, isolation: Isolation = Isolation.NONE, base: str = "") -> str:
    """Why it cannot be replayed."""
    opened: GatewayHandle = open_file(Home(world.store))
    try:
        with pytest.raises(OnloopError) as refused:
            replayed(opened, task, isolation, base)
    finally:
        opened.close()
    return f"{refused.value.message} → {refused.value.hint}"


def test_a_task_that_has_ended_is_replayed_from_the_base_that_the_gateway_knows(world: World) -> None:
    task = ended(world, isolation="clone")
    opened = open_file(Home(world.store))
    found = replayed(opened, task, Isolation.NONE)
    opened.close()
    assert found.base == world.git(world.folder / "origins" / "shop.git", "rev-parse", "main")
    assert found.gates == (("develop.write", "hello"),)
    assert found.roles == ("implementer",)

    assert "the suite says 000000000000" in refusal(world, task, base="0" * 40)
    remove_tree(found.mirror)
    assert "is not in the gateway's mirror any more" in refusal(world, task)


def test_a_task_that_was_never_handed_in_has_no_base(world: World) -> None:
    run = world.fleet(world.origin(), workflow=STEPS.format(gate=FILE, isolation="none"))
    assert world.decide("cancel", f"{run}.1", "--reason", "enough").code == 0
    assert "never handed anything in" in refusal(world, f"{run}.1")


def test_a_workflow_that_only_people_judge_leaves_nothing_to_compare_by(world: World) -> None:
    assert "has no gate that a verifier answers before people or effects" in refusal(world, ended(world, PEOPLE))
