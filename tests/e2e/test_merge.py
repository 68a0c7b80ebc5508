"""The effect `merge`: once, only from the tip that it was built on, and whatever is killed on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onloop.access.verifier_process import only_verifier
from onloop.home import Home
from support.merge_desk import GOOD, approved, execute, gates_answered, merges
from support.world import WORKFLOW, World


@pytest.fixture
def alone(world: World) -> Iterator[World]:
    """A world whose only verifier is this test: nobody else carries out effects."""
    world.init()
    with only_verifier(Home(world.store)):
        yield world


@pytest.mark.parametrize("point", ["built", "recorded", "moved"])
def test_killed_at_any_point_the_merge_happens_exactly_once(alone: World, point: str) -> None:
    origin = alone.origin()
    task = approved(alone, origin)

    assert execute(alone, point) == ""
    execute(alone)

    found = alone.task(task)
    assert (found["state"], merges(alone, origin)) == ("completed", 1)
    assert alone.git(origin, "rev-parse", "main") == found["result"]
    assert alone.onloop("store", "verify").code == 0


def test_a_target_that_moves_meanwhile_is_merged_with_and_not_overwritten(alone: World) -> None:
    origin = alone.origin()
    task = approved(alone, origin)
    other = alone.folder / "seed" / "shop"
    push = f"cd {other} && echo x > other.txt && git add -A && git -c user.name=o -c user.email=o@p commit -qm other"

    said = execute(alone, "recorded", f"{push} && git push -q {origin} HEAD:main")

    assert said.startswith("done")
    assert alone.task(task)["state"] == "completed"
    assert alone.git(origin, "show", "main:other.txt") == "x"
    assert alone.git(origin, "show", "main:hello.txt") == "hello"
    assert merges(alone, origin) == 1


def test_after_a_kill_a_target_that_others_moved_is_put_before_a_person(alone: World) -> None:
    origin = alone.origin()
    task = approved(alone, origin)
    execute(alone, "recorded")
    other = alone.folder / "seed" / "shop"
    (other / "other.txt").write_text("x")
    alone.git(other, "add", "-A")
    alone.git(other, "-c", "user.name=o", "-c", "user.email=o@p", "commit", "-qm", "other")
    alone.git(other, "push", "-q", str(origin), "HEAD:main")

    execute(alone)

    found = alone.task(task)
    assert (found["state"], found["reason"], merges(alone, origin)) == ("input_required", "changed_since_approval", 0)


def test_a_conflict_is_put_before_a_person_with_its_paths(alone: World) -> None:
    origin = alone.origin()
    task = approved(alone, origin)
    other = alone.folder / "seed" / "shop"
    (other / "hello.txt").write_text("goodbye")
    alone.git(other, "add", "-A")
    alone.git(other, "-c", "user.name=o", "-c", "user.email=o@p", "commit", "-qm", "other")
    alone.git(other, "push", "-q", str(origin), "HEAD:main")

    execute(alone)

    found = alone.task(task)
    assert (found["reason"], merges(alone, origin)) == ("conflict", 0)
    assert "hello.txt" in found["detail"]


def test_gates_run_again_on_a_merged_result_that_differs_and_can_hold_it(alone: World) -> None:
    origin = alone.origin()
    task = approved(alone, origin)
    other = alone.folder / "seed" / "shop"
    broken = "import unittest\nclass U(unittest.TestCase):\n    def test_other(self): self.fail('broken on main')\n"
    (other / "tests" / "test_other.py").write_text(broken)
    alone.git(other, "add", "-A")
    alone.git(other, "-c", "user.name=o", "-c", "user.email=o@p", "commit", "-qm", "other")
    alone.git(other, "push", "-q", str(origin), "HEAD:main")

    execute(alone)

    found = alone.task(task)
    assert (found["reason"], merges(alone, origin)) == ("gate_failed", 0)
    assert "on the merged result, tests" in found["detail"]


def test_an_approval_made_on_another_digest_is_refused(alone: World) -> None:
    origin = alone.origin()
    task = f"{alone.fleet(origin)}.1"
    with gates_answered(alone):
        alone.onloop("work", "--role", "implementer", "--once", "--", *alone.agent(GOOD))
        alone.until(task, "input_required", "approval_required")

    stale = alone.onloop("approve", task, "--digest", "0" * 64, "--as", "ana", passphrase="correct horse battery")

    assert stale.code == 12
    assert "has changed since it was shown" in stale.err
    assert alone.task(task)["state"] == "input_required"


def test_a_later_agent_cannot_slip_past_the_gates_of_an_earlier_step(alone: World) -> None:
    origin = alone.origin()
    polish = "  - {id: polish.words, role: writer, timeout: 30s, gates: [{id: w, file: {path: words.txt}}]}\n"
    workflow = WORKFLOW.replace("  - id: ship.approve\n", f"{polish}  - id: ship.approve\n")
    task = f"{alone.fleet(origin, workflow=workflow)}.1"
    spoil = "echo w > words.txt; echo 'raise SystemExit(3)' > tests/test_all.py; git add -A; git commit -qm polish"
    with gates_answered(alone):
        alone.onloop("work", "--role", "implementer", "--once", "--", *alone.agent(GOOD))
        alone.onloop("work", "--role", "writer", "--once", "--", *alone.agent(spoil))
        alone.until(task, "input_required", "approval_required")
    assert alone.decide("approve", task).code == 0

    execute(alone)

    found = alone.task(task)
    assert (found["reason"], merges(alone, origin)) == ("gate_failed", 0)
    assert "on the merged result, tests" in found["detail"]
