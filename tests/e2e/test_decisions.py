"""`onloop decisions` tells who decided what, when, with what words, and what came of it."""

from __future__ import annotations

from support.world import PASSPHRASE, World


def test_people_find_what_they_decided_and_what_came_of_it(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("shop"), world.origin("bank"))
    for number in (1, 2):
        env = world.onloop("claim", f"{run}.{number}", "--role", "implementer", "--json").json["env"]
        world.onloop("ask", f"Which one, {number}?", env=env)
    said = ("--as", "ana", "--json")
    assert world.onloop("answer", f"{run}.1", "The first.", *said, passphrase=PASSPHRASE).code in {0, 10, 11}
    assert world.onloop("cancel", f"{run}.2", "--reason", "no bank", *said, passphrase=PASSPHRASE).code in {0, 16}

    found = world.onloop("decisions", "--by", "ana", "--json").json["decisions"]

    told = [(each["answer"], each["task"], each["reason"], each["state"]) for each in found]
    assert told == [
        ("cancel", f"{run}.2", "no bank", "canceled"),
        ("answer", f"{run}.1", "The first.", "submitted"),
    ]
    assert {each["by"] for each in found} == {"human:ana"}
    lines = world.onloop("decisions", "--limit", "1")
    assert "no bank" in lines.out and "canceled" in lines.out and "The first." not in lines.out
    assert "1 older ones: --limit 2" in lines.err
    assert world.onloop("decisions", "--by", "nobody").code == 2
