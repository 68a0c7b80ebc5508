"""One decision for a row on the command line: exactly what was listed, each told, and the same under its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.world import PASSPHRASE, World

SAME = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
OTHER = 'echo hello again > hello.txt; git add -A; git commit -qm "Say hello"'
LOCKED = (
    'echo hello > hello.txt; echo new > a.py; seq 60000 | sed "s/^/package /" > uv.lock; '
    'git add -A; git commit -qm "Say hello"'
)


def asking(world: World, *scripts: str) -> list[str]:
    """Tasks of one fleet whose commits wait for approval, each made by its script."""
    world.init()
    run = world.fleet(*(world.origin(f"shop{n}") for n in range(len(scripts))))
    tasks = [f"{run}.{n}" for n in range(1, len(scripts) + 1)]
    for script in scripts:
        world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(script))
    for task in tasks:
        world.until(task, "input_required", "approval_required")
    return tasks


def rows(world: World) -> dict[str, list[str]]:
    """The tasks of each row."""
    groups = world.onloop("attention", "--json").json["groups"]
    return {group["cause"]: [member["task"] for member in group["members"]] for group in groups}


def test_equal_changes_are_one_row_and_a_script_approves_exactly_those_that_it_lists(world: World) -> None:
    one, two, three = asking(world, SAME, SAME, OTHER)
    found = rows(world)
    cause = next(cause for cause, tasks in found.items() if one in tasks)
    assert sorted(map(sorted, found.values())) == [[one, two], [three]]
    words = ("approve", "--cause", cause)

    listed = world.onloop(*words, "--dry-run")
    unasked = world.onloop(*words, "--as", "ana", passphrase=PASSPHRASE)
    unnamed = world.onloop(*words, "--yes", "--as", "ana", passphrase=PASSPHRASE)
    saved = world.folder / "list.txt"
    moved = [line.split() for line in listed.out.splitlines()]
    saved.write_text(f"{' '.join(moved[0])}\n{moved[1][0]} {'0' * 64}\n")
    sent = (*words, "--yes", "--digests", str(saved), "--key", "k1", "--as", "ana", "--json")
    first, again = (world.onloop(*sent, passphrase=PASSPHRASE) for _ in range(2))

    assert [line.split()[0] for line in listed.out.splitlines()] == [one, two]
    assert len({line.split()[2] for line in listed.out.splitlines()}) == 1
    assert (unasked.code, unnamed.code) == (2, 2), (unasked.err, unnamed.err)
    assert [(told["task"], told["done"]) for told in first.json["outcomes"]] == [(one, True), (two, False)]
    assert "has changed since it was shown" in first.json["outcomes"][1]["why"]
    assert [(told["task"], told["done"]) for told in again.json["outcomes"]] == [(one, True), (two, False)]
    world.until(one, "completed")
    assert [len(world.task(task)["decisions"]) for task in (one, two, three)] == [1, 0, 0]


def test_an_agent_lists_and_approves_no_row(world: World) -> None:
    (task,) = asking(world, SAME)
    cause = next(iter(rows(world)))
    claimed = world.onloop("claim", "--role", "implementer", "--json", env={})
    assert claimed.code != 0  # nothing is left to claim: the token of an ended lease is an agent's, too
    denied = world.onloop("approve", "--cause", cause, "--dry-run", env={"ONLOOP_TOKEN": "x" * 43})

    assert denied.code not in {0, 2}, denied.err
    assert not world.task(task)["decisions"]


def test_what_the_diff_leaves_out_is_reachable_and_named_by_the_approval_unless_it_was_read(world: World) -> None:
    (task,) = asking(world, LOCKED)

    shown = world.onloop("show", task, "--diff")
    page = world.onloop("show", task, "--file", "uv.lock", "--from", "60001", "--json").json
    told = world.onloop("show", task, "--file", "uv.lock")
    done = world.decide("approve", task)

    assert shown.out.index("| +new") < shown.out.index("| +package 1")
    assert "shown 3 of 3 files, 36 of 60,002 lines; 1 file shortened" in shown.out
    assert page["untrusted"]["rows"][-1] == "+package 60000" and page["following"] is None
    assert f"more: onloop show {task} --file uv.lock --from 2001" in told.err
    unseen = ["uv.lock (59,966 of 60,000 lines)"]
    assert done.code == 0 and f"approved without showing: {unseen[0]}" in done.err
    assert world.task(task)["decisions"][0]["unseen"] == unseen
    assert "approved without showing: uv.lock" in world.onloop("show", task).out
    assert world.onloop("decisions", "--json").json["decisions"][0]["unseen"] == unseen
    assert f"approved without showing: {unseen[0]}" in world.onloop("decisions").out


@pytest.mark.parametrize("seen", ["uv.lock"])
def test_a_file_that_was_read_whole_is_not_named(world: World, seen: str, tmp_path: Path) -> None:
    (task,) = asking(world, LOCKED)

    assert world.decide("approve", task, "--seen", seen).err == ""
    assert world.task(task)["decisions"][0]["unseen"] == []
