"""One decision for many, on the command line: whatever it asks of a verifier finds one, though none was up."""

from __future__ import annotations

from pathlib import Path

from e2e.conftest import end_verifier
from onloop.gateway.home import Home
from onloop.gateway.presence import is_verifier_up
from support.world import PASSPHRASE, World


def decided_with_none_up(world: World, *words: str) -> None:
    """A person decides while no verifier is up."""
    end_verifier(world)
    assert not is_verifier_up(Home(world.store))
    ran = world.onloop(*words, "--as", "ana", "--json", passphrase=PASSPHRASE)
    assert ran.code == 0, ran.err
    assert [told["done"] for told in ran.json["outcomes"]] == [True]


def test_a_decision_about_many_starts_the_verifier_that_it_needs(world: World) -> None:
    world.init()
    origin = world.origin()
    run = world.fleet(origin)
    task = f"{run}.1"
    claimed = world.onloop("claim", "--role", "implementer", "--json").json
    end_verifier(world)
    (Path(claimed["place"]) / "hello.txt").write_text("hello")
    world.git(Path(claimed["place"]), "add", "--all")
    world.git(Path(claimed["place"]), "commit", "--quiet", "--message", "Say hello")
    assert world.onloop("submit", env=claimed["env"], cwd=Path(claimed["place"])).code == 10, "nobody has answered"

    decided_with_none_up(world, "pause", run, "--reason", "wait")
    decided_with_none_up(world, "resume", run)
    world.until(task, "input_required", "approval_required")

    moved = origin.rename(origin.with_name("gone.git"))
    assert world.decide("approve", task).code == 0
    world.until(task, "input_required", "gate_failed")
    moved.rename(origin)
    (group,) = world.onloop("attention", "--json").json["groups"]
    decided_with_none_up(world, "retry", "--cause", group["cause"])
    world.until(task, "completed")
