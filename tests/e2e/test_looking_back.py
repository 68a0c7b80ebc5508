"""`--at` shows what was true at a moment, and `undo` takes back what nothing has followed from."""

from __future__ import annotations

from e2e.serving import serving
from support.world import PASSPHRASE, World


def test_tasks_are_listed_as_they_stood_and_an_answer_is_taken_back(world: World) -> None:
    world.init()
    run = world.fleet(world.origin())
    task = f"{run}.1"
    begun = world.onloop("log", "--json").json["events"][-1]["seq"]
    env = world.onloop("claim", task, "--role", "implementer", "--json").json["env"]
    world.onloop("ask", "Which one?", env=env)
    asked = world.onloop("log", "--json").json["events"][-1]["seq"]

    then, now = (world.onloop("list", "--at", f"#{seq}", "--json").json for seq in (begun, asked))
    assert [each["state"] for each in then["tasks"] if each["task"] == task] == ["submitted"]
    assert [each["state"] for each in now["tasks"] if each["task"] == task] == ["input_required"]
    assert (then["past"]["seq"], now["past"]["seq"]) == (begun, asked)
    assert now["tasks"] == world.onloop("list", "--json").json["tasks"]
    assert world.onloop("list", "--at", "#0", "--json").json["tasks"] == []
    told = world.onloop("tree", "--at", str(begun))
    assert task in told.out and f"after event {begun}" in told.out + told.err
    later = world.onloop("tree", "--at", "#999999")
    assert later.code == 2 and "there is no event 999999 yet" in later.err
    refused = world.onloop("tree", "--at", "soon")
    assert refused.code == 2 and "no moment that has been" in refused.err

    said = ("--as", "ana", "--json")
    world.onloop("answer", task, "The first.", *said, passphrase=PASSPHRASE)
    assert world.task(task)["state"] == "submitted"
    undone = world.onloop("undo", task, *said, passphrase=PASSPHRASE)

    assert undone.json["state"] == "input_required"
    again = world.onloop("undo", task, *said, passphrase=PASSPHRASE)
    assert again.code != 0 and "nobody has decided anything" in again.err
    names = [event["name"] for event in world.onloop("log", task, "--json").json["events"]]
    assert names.count("Decided") == names.count("TakenBack") == 1
    assert world.onloop("undo", task, env=env).code == 13, "no agent takes anything back"
    assert world.onloop("store", "verify").code == 0


def test_the_same_is_so_beside_a_gateway_that_is_up(world: World) -> None:
    world.init()
    run = world.fleet(world.origin())
    task, said = f"{run}.1", ("--as", "ana", "--json")
    with serving(world):
        begun = world.onloop("log", "--json").json["events"][-1]["seq"]
        env = world.onloop("claim", task, "--role", "implementer", "--json").json["env"]
        world.onloop("ask", "Which one?", env=env)
        then = world.onloop("list", "--at", f"#{begun}", "--json").json
        assert [each["state"] for each in then["tasks"] if each["task"] == task] == ["submitted"]
        assert task in world.onloop("tree", "--at", f"#{begun}").out

        world.onloop("answer", task, "The first.", *said, passphrase=PASSPHRASE)
        undone = world.onloop("undo", task, *said, passphrase=PASSPHRASE)

        assert undone.json["state"] == "input_required"
        assert world.onloop("undo", task, env=env).code == 13, "no agent takes anything back"
    assert world.onloop("store", "verify").code == 0
