"""People take work and hand requests on, look at what is asked about in a folder of their own, and come and go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onloop.access.opening import enrol, open_file
from onloop.home import Home
from support.world import PASSPHRASE, Ran, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
BARE = r"""
mkdir -p docs/objects docs/refs docs/wt linked
for folder in docs/objects docs/refs docs/wt; do echo > $folder/.k; done
echo 'ref: refs/heads/x' | tee docs/HEAD > linked/HEAD; echo ../docs > linked/commondir
printf '[core]\nrepositoryformatversion = 0\nbare = false\nworktree = wt\n' > docs/config
echo 'fsmonitor = "touch ../../PWNED; false"' >> docs/config
"""
EVIL = f"printf '*.txt filter=evil\\n' > .gitattributes; ln -s /etc/passwd out; {BARE}{GOOD}"


@pytest.fixture
def staffed(world: World) -> World:
    """A store in which ana and bob are approvers, and cleo is enrolled."""
    world.init()
    opened = open_file(Home(world.store))
    ana = opened.gateway.person("ana", PASSPHRASE, typed=False)
    for name, groups in {"bob": ("approvers",), "cleo": ("leads",)}.items():
        enrol(opened, ana, name, groups, f"{name}@example.org", PASSPHRASE)
    opened.close()
    return world


def by(world: World, person: str, *words: str, **more: Any) -> Ran:
    return world.onloop(*words, "--as", person, "--json", passphrase=PASSPHRASE, **more)


def handed_in(world: World, script: str = GOOD) -> str:
    """A task that waits for the approval of what an agent handed in."""
    task = f"{world.fleet(world.origin())}.1"
    ran = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
    assert ran.code == 0, ran.err
    world.until(task, "input_required", "approval_required")
    return task


def test_a_person_takes_the_work_hands_it_in_and_another_approves_it(staffed: World) -> None:
    world = staffed
    task = f"{world.fleet(world.origin())}.1"

    assert by(world, "ana", "reassign", task, "--to", "human:bob", "--reason", "yours").code == 0
    assert f"onloop take {task}" in world.onloop("why", task).out
    taken = by(world, "bob", "take", task)
    clone = Path(taken.json["place"])
    (clone / "hello.txt").write_text("hello", encoding="utf-8")
    world.git(clone, "add", "--all")
    world.git(clone, "commit", "-q", "-m", "hello")
    claimed = world.onloop("claim", task, "--role", "implementer")
    with world.running("verifier"):
        handed = world.onloop("submit", "--json", cwd=clone)
        own = world.decide("approve", task, person="bob")
        assert world.decide("approve", task, person="ana").code == 0
        world.until(task, "completed")

    assert taken.code == 0, taken.err
    assert world.git(clone, "log", "-1", "--format=%an <%ae>") == "bob <bob@example.org>"
    assert (claimed.code, handed.code, own.code) == (13, 0, 13), claimed.err + handed.err + own.err
    assert "human:bob held" in own.err


def test_what_a_person_took_goes_back_to_its_role_and_their_token_decides_nothing(staffed: World) -> None:
    world = staffed
    task = f"{world.fleet(world.origin())}.1"
    clone = Path(by(world, "bob", "reassign", task, "--to", "me", "--reason", "quicker").json["place"])
    record = next((world.store.parent / "joined").glob("*.json"))

    token = {"ONLOOP_TOKEN": json.loads(record.read_text())["ONLOOP_TOKEN"]}

    tries = [
        world.onloop(*words, env=token, passphrase=PASSPHRASE)
        for words in (
            ("take", task, "--as", "bob"),
            ("reassign", task, "--to", "me", "--as", "bob"),
            ("delegate", "--to", "cleo", "--until", "1h", "--reason", "x", "--as", "bob"),
            ("people", "remove", "ana", "--reason", "x", "--as", "bob"),
            ("people", "rename", "ana", "anna", "--as", "bob"),
            ("passphrase", "--as", "bob"),
        )
    ]
    tries.append(world.onloop("open", task, env=token))
    left = world.onloop("leave", cwd=clone)

    assert [each.code for each in tries] == [13] * len(tries)
    assert left.code == 0, left.err
    assert "waits for implementer" in world.task(task)["detail"]
    assert world.onloop("attention", "--json").json["groups"], "denials are told"


def test_an_approval_is_handed_on_and_told_to_whom_it_was_handed(staffed: World) -> None:
    world = staffed
    task = handed_in(world)

    refused = by(world, "ana", "reassign", task, "--to", "human:cleo", "--reason", "look")
    handed = by(world, "ana", "reassign", task, "--to", "human:bob", "--reason", "you know the shop")

    assert (refused.code, handed.code) == (2, 0), refused.err + handed.err
    assert "who may: ana, bob" in refused.err
    assert "handed to bob by ana: you know the shop" in world.onloop("attention").out
    assert "handed to bob by ana: you know the shop" in world.onloop("show", task).out
    assert world.decide("approve", task, person="bob").code == 0


def test_a_delegate_approves_and_the_sheet_says_in_whose_place_until_it_ends(staffed: World) -> None:
    world = staffed
    task = handed_in(world)
    words = ("delegate", "--to", "cleo", "--until", "2h", "--gate", "release", "--reason", "on a train")

    before = world.decide("approve", task, person="cleo")
    lent = by(world, "ana", *words)
    too_long = by(world, "ana", "delegate", "--to", "cleo", "--until", "31d", "--reason", "a sabbatical")
    listed = world.onloop("people")
    done = world.decide("approve", task, person="cleo")

    assert (before.code, lent.code, too_long.code, done.code) == (13, 0, 2, 0), lent.err + done.err
    assert f"{lent.json['id']}  cleo for ana at release until" in listed.out
    assert "human:cleo for human:ana" in world.onloop("show", task).out
    for name in ("ana", "cleo"):
        (made,) = world.onloop("decisions", "--by", name, "--json").json["decisions"]
        assert (made["by"], made["behalf"]) == ("human:cleo", "human:ana")
    assert "human:cleo for human:ana" in world.onloop("decisions").out
    assert by(world, "bob", "delegate", "--end", lent.json["id"]).code == 0
    assert "cleo for ana" not in world.onloop("people").out


def test_what_is_asked_about_is_opened_as_it_was_handed_in_with_no_filter_run(staffed: World) -> None:
    world = staffed
    task = handed_in(world, EVIL)

    found = world.onloop("open", task, "--json")
    again = world.onloop("open", task)

    assert found.code == 0, found.err
    place = Path(found.json["place"])
    assert world.git(place, "rev-parse", "HEAD") == found.json["commit"]
    assert (place / "hello.txt").read_text() == "hello\n"
    assert found.json["removed"] == ["out"]
    assert sorted(found.json["repositories"]) == ["docs", "linked"]
    assert not (place / "docs").exists()
    assert not (place / "linked").exists()
    assert not (place / "out").is_symlink()
    assert place.stat().st_mode & 0o077 == 0
    assert world.git(place, "remote") == ""
    assert (again.code, "already there" in again.err) == (2, True)
    world.decide("cancel", task, "--reason", "enough")
    gone = world.onloop("gc", "--older", "0s", "--as", "ana", "--json", passphrase=PASSPHRASE)
    assert "person's" in {each["kind"] for each in gone.json["leftovers"]}
    assert not place.exists()


def test_people_are_listed_renamed_and_removed_and_the_log_keeps_who_they_were(staffed: World) -> None:
    world = staffed
    task = handed_in(world)

    renamed = by(world, "ana", "people", "rename", "bob", "robert")
    approved = world.decide("approve", task, person="robert")
    removed = by(world, "ana", "people", "remove", "robert", "--reason", "left us")
    last = by(world, "ana", "people", "remove", "ana", "--reason", "left us")
    gone = by(world, "robert", "freeze", "all", "--reason", "mine")

    assert (renamed.code, approved.code, removed.code) == (0, 0, 0), renamed.err + approved.err + removed.err
    assert (last.code, gone.code) == (11, 13), last.err
    assert "human:bob" in world.onloop("log", task).out
    assert [each["name"] for each in world.onloop("people", "--json").json["people"]] == ["ana", "cleo"]
    assert world.onloop("store", "verify").code == 0
