"""A store whose folder is removed: whoever works with it says so, ends with exit 17, makes nothing of it anew."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest

from onloop.access.opening import open_file
from onloop.cli.verbs.serve_verbs import kept_there
from onloop.errors import StoreError
from onloop.home import Home
from support.waiting import DEADLINE_S, wait_for
from support.world import World

WORK = ("work", "--role", "implementer", "--name", "one", "--")


def remove(world: World) -> None:
    """As `rm -rf`, repeated while somebody still writes into what is being removed."""

    def is_gone() -> bool:
        shutil.rmtree(world.store, ignore_errors=True)
        return not world.store.exists()

    wait_for(is_gone, lambda: f"{world.store} cannot be removed")


@pytest.mark.parametrize(
    "words", [(*WORK, "true"), ("verifier",), ("serve",)], ids=["an idle worker", "a verifier", "a gateway"]
)
def test_who_works_with_a_store_that_is_removed_says_so_and_ends(world: World, words: Sequence[str]) -> None:
    world.init()
    with world.running(*words) as process:
        lock = "verifier.lock" if words[0] == "work" else f"{words[0]}.lock"
        wait_for(
            lambda: (world.store / lock).exists() and (world.store / lock).read_text(), lambda: "it does not start"
        )
        remove(world)
        said = process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 17, said
    assert f"the store {world.store} is gone" in said
    assert not world.store.exists()


def test_a_store_that_is_removed_while_a_gateway_opens_it_is_gone_and_was_not_always_missing(world: World) -> None:
    world.init()
    home = Home(world.store)

    with pytest.raises(StoreError, match="is gone"), kept_there(home):
        remove(world)
        open_file(home)


def test_a_worker_whose_agent_runs_ends_the_agent_too(world: World) -> None:
    world.init()
    task = f"{world.fleet(world.origin())}.1"
    begun = world.store.parent / "environments" / task / "begun"
    with world.running(*WORK, *world.agent("touch begun; exec sleep 600")) as process:
        wait_for(begun.exists, world.logs)
        remove(world)
        said = process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 17, said
    assert "is gone" in said
    assert not world.store.exists()
