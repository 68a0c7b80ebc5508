"""A branch that somebody's agent pushed is gated, approved and merged, as one types it; no forge is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from onloop.errors import Exit
from support.world import WORKFLOW, World

BRANCH = "agents/hello"


@pytest.fixture
def world(world: World) -> World:
    world.init()
    return world


def pushed(world: World, origin: Path, text: str) -> None:
    """Somebody's agent, who knows nothing of onloop, pushes a commit."""
    clone = world.folder / "theirs"
    if not clone.exists():
        world.git(world.folder, "clone", "--quiet", str(origin), str(clone))
        world.git(clone, "checkout", "--quiet", "-b", BRANCH)
    (clone / "hello.txt").write_text(text)
    world.git(clone, "add", "--all")
    world.git(clone, "-c", "user.name=Robot", "-c", "user.email=robot@example.org", "commit", "--quiet", "-m", text)
    world.git(clone, "push", "--quiet", "origin", f"HEAD:{BRANCH}")


def test_a_branch_made_elsewhere_is_gated_sent_back_pushed_again_approved_and_merged(world: World) -> None:
    origin = world.origin("shop", {"small.yaml": WORKFLOW})
    begin = ("start", "small.yaml", "--repo", str(origin), "--from-branch", BRANCH, "--json")
    absent = world.onloop(*begin)
    assert absent.code == Exit.USAGE
    assert BRANCH in absent.json["message"]
    pushed(world, origin, "good bye")

    begun = world.onloop(*begin)
    assert begun.code == 0, begun.err
    task = str(begun.json["task"])

    asked = world.until(task, "input_required", "choice")
    assert "hello" in asked["detail"]
    pushed(world, origin, "hello")
    again = world.onloop("adopt", task, "--branch", BRANCH)
    assert again.code == 0, again.err
    world.until(task, "input_required", "approval_required")
    approved = world.decide("approve", task)
    assert approved.code == 0, approved.err
    world.until(task, "completed")
    assert world.git(origin, "show", "main:hello.txt") == "hello"
    who = world.onloop("log", task, "--json").out
    assert "integration:git" in who


def test_an_agent_hands_in_by_no_branch_that_it_names_itself(world: World) -> None:
    origin = world.origin("shop", {"small.yaml": WORKFLOW})
    pushed(world, origin, "hello")
    run = world.fleet(origin)
    claimed = world.onloop("claim", "--role", "implementer", "--json")
    env = {name: str(value) for name, value in claimed.json["env"].items()}

    refused = world.onloop("adopt", f"{run}.1", "--branch", BRANCH, env=env)

    assert refused.code == Exit.NOT_YOURS
