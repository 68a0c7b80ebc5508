"""Pull requests, tickets and queries of a forge as one types them, against the test forge over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.errors import Exit
from support.forge import APP, TestForge
from support.world import WORKFLOW, World


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[tuple[World, TestForge]]:
    """A store that knows a forge with acme/app in it, which has a workflow."""
    world.init()
    with TestForge(tmp_path / "forge") as forge:
        forge.repository(APP, {"README.md": "hello\n", "small.yaml": WORKFLOW})
        forge.declare(world.store)
        yield world, forge


def test_a_pull_request_and_a_ticket_begin_tasks_and_tickets_are_taken_once(shop: tuple[World, TestForge]) -> None:
    world, forge = shop
    at = ("--repo", forge.origin(APP))
    sha = forge.push(APP, "robot/fix", {"hello.txt": "hello\n"})
    number = forge.pull(APP, "robot", "robot/fix", "Say hello")

    pulled = world.onloop("start", "small.yaml", *at, "--from-pull-request", str(number), "--json")
    assert pulled.code == 0, pulled.err
    task = pulled.json["task"]
    assert world.task(task)["title"] == f"Say hello (acme/app#{number})"
    assert sha in world.onloop("log", task, "--json").out

    issue = forge.issue(APP, "zoe", "Totals are wrong", "- [ ] they add up", ("onloop",))
    more = forge.issue(APP, "zoe", "Names are wrong", labels=("onloop",))
    begun = world.onloop("start", "small.yaml", *at, "--ticket", f"#{issue}", "--no-base-check", "--json")
    assert begun.code == 0, begun.err
    again = world.onloop("start", "small.yaml", *at, "--ticket", str(issue), "--json")
    assert again.code == Exit.HELD, again.err

    taken = world.onloop("tickets", "take", *at, "--label", "onloop", "--workflow", "small.yaml", "--json")
    assert taken.code == 0, taken.err
    rows = {each["name"]: (each["task"], each["begun"]) for each in taken.json["tickets"]}
    assert rows[f"acme/app#{issue}"] == (begun.json["task"], False)
    assert rows[f"acme/app#{more}"][1]
    assert (
        world.onloop("tickets", "take", *at, "--label", "onloop", "--workflow", "small.yaml", "--json").json["begun"]
        == 0
    )


def test_what_the_forge_does_not_have_begins_nothing(shop: tuple[World, TestForge]) -> None:
    world, forge = shop
    at = ("--repo", forge.origin(APP))

    for words in (
        ("start", "small.yaml", *at, "--from-pull-request", "99"),
        ("start", "small.yaml", *at, "--ticket", "99"),
        ("start", "small.yaml", *at, "--from-pull-request", "https://nowhere.example/a/b/pull/1"),
        ("start", "small.yaml", *at, "--ticket", "ENG-1"),
        ("fleet", "feature", "--targets", f"forge:{forge.host} topic:cobol"),
        ("tickets", "list", "--repo", "/nowhere"),
    ):
        ran = world.onloop(*words, "--json")
        assert ran.code not in {0, 1}, (words, ran)
        assert ran.json["hint"], words
        assert forge.bot.token not in ran.out + ran.err
    assert world.onloop("list", "--json").json["tasks"] == []
