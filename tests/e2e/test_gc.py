"""`onloop gc` gives back what ended tasks left, and nothing that lives or that the log names."""

from __future__ import annotations

import os
from pathlib import Path

from onloop.gates.environments.tree_cache import TreeCache
from support.world import PASSPHRASE, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello; echo notes > $ONLOOP_OUT/notes.md"
AS_ANA = ("--as", "ana")


def places(world: World, task: str) -> list[Path]:
    beside = world.store.parent
    named = [beside / "environments" / task, beside / "out" / task, beside / "logs" / f"{task}.log"]
    return [place for place in named if place.exists()]


def test_what_ended_tasks_left_goes_by_a_persons_word_and_what_lives_stays(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("one"), world.origin("two"))
    ended, living = f"{run}.1", f"{run}.2"
    for name in ("a", "b"):
        ran = world.onloop("work", "--role", "implementer", "--name", name, "--once", "--", *world.agent(GOOD))
        assert ran.code == 0, ran.err
    world.until(ended, "input_required", "approval_required")
    assert world.decide("cancel", ended, "--reason", "enough").code == 0
    half_made = world.store.parent / "environments" / ".x.building-1"
    half_made.mkdir(mode=0o700)
    os.utime(half_made, (0, 0))

    young = world.onloop("gc", "--older", "7d", "--dry-run", "--json").json
    assert [each["kind"] for each in young["leftovers"]] == ["scratch"]
    tried = world.onloop("gc", "--older", "0s", "--dry-run")
    assert "WHAT" in tried.out
    assert ended in tried.out
    assert living not in tried.out
    assert len(places(world, ended)) == len(places(world, living)) == 3

    assert world.onloop("gc", "--older", "0s").code == 13
    assert world.onloop("gc", "--older", "0s", "--dry-run", env={"ONLOOP_TOKEN": "x"}).code == 13
    assert len(places(world, ended)) == 3

    done = world.onloop("gc", "--older", "0s", *AS_ANA, "--json", passphrase=PASSPHRASE)
    assert done.code == 0, done.err
    gone = {each["name"] for each in done.json["leftovers"] if each["kind"] != "cache"}
    assert gone == {ended, ".x.building-1"}
    assert done.json["size"] > 0
    assert places(world, ended) == []
    assert len(places(world, living)) == 3
    assert not half_made.exists()
    assert world.onloop("store", "verify").code == 0
    assert world.onloop("show", ended).code == 0
    assert world.decide("approve", living).code == 0
    world.until(living, "completed")


def test_cached_folders_go_when_nobody_has_used_them_and_one_in_use_stays(world: World) -> None:
    world.init()
    cache = TreeCache(world.store / "kept" / "trees")
    for key in ("a" * 8, "b" * 8):
        with cache.held(key, lambda folder: (folder / "file").touch(), lambda: False):
            pass
    for key in ("a" * 8, "b" * 8):
        os.utime(cache.folder / key, (0, 0))
    with cache.held("b" * 8, lambda _: None, lambda: False):
        os.utime(cache.folder / ("b" * 8), (0, 0))
        done = world.onloop("gc", "--older", "1d", *AS_ANA, "--json", passphrase=PASSPHRASE).json
    assert [each["name"] for each in done["leftovers"]] == ["a" * 8]
    assert done["kept"] == 1
    assert not (cache.folder / ("a" * 8)).exists()
    assert (cache.folder / ("b" * 8)).exists()


def test_what_is_kept_beside_mirrors_goes_but_for_large_files_that_a_live_task_may_need(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("one"), world.origin("two"))
    assert world.decide("cancel", f"{run}.1", "--reason", "enough").code == 0
    mirrors = world.store / "mirrors"
    one, two = (next(mirrors.glob(f"{name}-*.git")).name for name in ("one", "two"))
    kept = [f".{name}.{what}" for name in (one, two, "library-0.git") for what in ("histories", "large")]
    for name in kept:
        (mirrors / name).mkdir()
        (mirrors / name / "content").write_bytes(bytes(100_000))
    disk = next(check for check in world.onloop("doctor", "--json").json["checks"] if check["name"] == "disk")
    assert "histories " in disk["detail"] and "large files " in disk["detail"]

    done = world.onloop("gc", "--older", "0s", *AS_ANA, "--json", passphrase=PASSPHRASE).json
    stay = {f".{two}.large", ".library-0.git.large"}
    assert {each["name"] for each in done["leftovers"] if each["kind"] == "cache"} == {*kept} - stay
    assert {name for name in kept if (mirrors / name).exists()} == stay
    assert (mirrors / one).exists()

    assert world.decide("cancel", f"{run}.2", "--reason", "enough").code == 0
    assert world.onloop("gc", "--older", "0s", *AS_ANA, passphrase=PASSPHRASE).code == 0
    assert not any((mirrors / name).exists() for name in kept)


def test_doctor_says_what_uses_space_and_how_much_is_free(world: World) -> None:
    world.init()
    disk = next(check for check in world.onloop("doctor", "--json").json["checks"] if check["name"] == "disk")
    assert disk["ok"]
    assert " free; " in disk["detail"]
    assert ", store " in disk["detail"]
    assert "onloop gc --older 7d --dry-run" in disk["detail"]
