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
