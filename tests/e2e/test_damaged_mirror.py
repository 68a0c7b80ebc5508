"""A mirror whose objects are damaged mends itself: gates and merges go on with what the origin and the store hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.world import World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"


def garbage(objects: Path) -> None:
    for file in [*objects.glob("pack/*.pack"), *objects.glob("??/*")]:
        size = file.stat().st_size
        file.unlink()
        file.write_bytes(os.urandom(size))


@pytest.mark.parametrize("damage", [garbage, shutil.rmtree])
def test_a_merge_goes_on_after_the_mirror_was_damaged(world: World, damage: object) -> None:
    assert callable(damage)
    world.init()
    origin = world.origin()
    task = f"{world.fleet(origin)}.1"
    assert world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD)).code == 0
    world.until(task, "input_required", "approval_required")
    digest = world.task(task)["asked"][0]["digest"]
    (mirror,) = (world.store / "mirrors").glob("shop-*.git")
    damage(mirror / "objects")
    decided = world.onloop("approve", task, "--digest", digest, "--as", "ana", passphrase="correct horse battery")
    assert decided.code == 0, decided.err
    world.until(task, "completed")
    assert world.git(origin, "show", "main:hello.txt") == "hello"


PARTS = """\
workflow: parts
steps:
  - id: develop.parts
    fan_out: {count: 2, steps: [{id: develop.part, role: implementer, gates: [{id: readme, file: {path: README.md}}]}]}
    gates: [{id: one, file: {path: part.1.txt}}, {id: two, file: {path: part.2.txt}}]
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: end
  - id: ship.merge
    effect: merge
"""


def test_what_parts_were_merged_into_is_there_again_after_the_mirror_was_lost(world: World) -> None:
    world.init()
    origin = world.origin(files={"parts.yaml": PARTS})
    begun = world.onloop("start", "parts.yaml", "--repo", str(origin), "--json")
    assert begun.code == 0, begun.err
    task = str(begun.json["task"])
    part = 'echo done > "part.${ONLOOP_TASK##*.}.txt"; git add -A; git commit -qm part'
    with world.running("work", "--role", "implementer", "--", *world.agent(part)):
        world.until(task, "input_required", "approval_required")
    (mirror,) = (world.store / "mirrors").glob("shop-*.git")
    shutil.rmtree(mirror)

    assert world.decide("approve", task).code == 0

    world.until(task, "completed")
    assert {"part.1.txt", "part.2.txt"} <= set(world.git(origin, "ls-tree", "--name-only", "main").splitlines())
