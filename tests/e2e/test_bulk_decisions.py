"""One decision for many, on the command line: whatever it asks of a verifier finds one, though none was up."""

from __future__ import annotations

from e2e.conftest import end_verifier
from onloop.access.verifier_process import is_verifier_up
from onloop.home import Home
from support.merge_desk import GOOD
from support.world import PASSPHRASE, World


def test_a_decision_about_all_with_one_cause_starts_the_verifier_that_it_needs(world: World) -> None:
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD))
    world.until(task, "input_required", "approval_required")
    world.git(origin, "branch", "--move", "main", "other")
    world.decide("approve", task)
    world.until(task, "input_required", "gate_failed")
    world.git(origin, "branch", "--move", "other", "main")
    (group,) = world.onloop("attention", "--json").json["groups"]
    end_verifier(world)
    assert not is_verifier_up(Home(world.store))

    again = world.onloop("retry", "--cause", group["cause"], "--as", "ana", "--json", passphrase=PASSPHRASE)

    assert [told["task"] for told in again.json["outcomes"]] == [task], again.err
    world.until(task, "completed")
