"""A freeze that was answered: no target moves after it, but by a push that the answer named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import end_verifier
from onloop.access.verifier_process import only_verifier
from onloop.gates.repository import merging
from onloop.home import Home
from onloop.machine.state import State
from onloop.machine.store_state import Frozen
from onloop.views.pushes_under_way import Push, pushes_under_way
from support.histories import Stage, git
from support.merge_desk import approved, execute, gates_answered, merges
from support.waiting import wait_for
from support.world import PASSPHRASE, Ran, World

SLOW = '#!/bin/sh\ntouch "$REACHED"\nwhile [ ! -e "$GO" ]; do sleep 0.02; done\n'
TEXT = "one\ntwo\nthree\n"


class Died(BaseException):
    """The executor is killed."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.init()
    yield made
    end_verifier(made)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A task whose merge waits for its approval."""
    made = Stage(tmp_path)
    base = made.commit({"a": TEXT})
    made.move(base)
    made.submit(made.handed(made.commit({"a": TEXT, "b": "b\n"}, base)))
    return made


def freeze(world: World, scope: str = "all") -> Ran:
    return world.onloop("freeze", scope, "--reason", "look", "--as", "ana", "--json", passphrase=PASSPHRASE)


def unfreeze(world: World) -> None:
    assert world.onloop("unfreeze", "all", "--as", "ana", passphrase=PASSPHRASE).code == 0


def main_of(world: World, origin: Path) -> str:
    return world.git(origin, "rev-parse", "main")


def standing_before_merge(world: World, origin: Path) -> str:
    with only_verifier(Home(world.store)):
        return approved(world, origin)


def hold_pushes(world: World, origin: Path) -> tuple[Path, Path]:
    """Pushes to the origin wait for a file; which file says that one does, and which it waits for."""
    reached, go = world.folder / "reached", world.folder / "go"
    hook = origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(SLOW.replace("$REACHED", str(reached)).replace("$GO", str(go)))
    hook.chmod(0o755)
    return reached, go


def test_a_freeze_during_a_slow_push_names_it_with_everything_that_it_moves(world: World) -> None:
    origin = world.origin()
    task, before = standing_before_merge(world, origin), main_of(world, origin)
    reached, go = hold_pushes(world, origin)
    with world.running("verifier"):
        wait_for(reached.exists, world.logs)

        answer = freeze(world)
        (push,) = answer.json["under_way"]
        go.touch()
        wait_for(lambda: main_of(world, origin) != before, world.logs)

        assert (push["task"], push["repository"], push["target"]) == (task, "shop", "main")
        assert (push["from"], push["to"]) == (before, main_of(world, origin))
        assert world.until(task, "completed")["result"] == push["to"]
    assert world.onloop("store", "verify").code == 0


def test_the_answer_for_people_names_the_push_too(world: World) -> None:
    origin = world.origin()
    task, before = standing_before_merge(world, origin), main_of(world, origin)
    with only_verifier(Home(world.store)):
        execute(world, "recorded")

    said = world.onloop("freeze", "repo:shop", "--as", "ana", passphrase=PASSPHRASE)

    assert f"under way, and may still land: {task} moves main of shop from {before[:12]} to " in said.out


def test_after_a_kill_and_a_freeze_a_new_verifier_moves_nothing_until_the_freeze_is_lifted(world: World) -> None:
    origin = world.origin()
    task, before = standing_before_merge(world, origin), main_of(world, origin)
    with only_verifier(Home(world.store)):
        assert execute(world, "recorded") == ""  # killed between intent and push

    (push,) = freeze(world).json["under_way"]
    ended = world.onloop("verifier", "--idle-exit", "300ms")

    assert (ended.code, push["from"]) == (0, before)
    assert main_of(world, origin) == before
    unfreeze(world)
    with world.running("verifier"):
        assert world.until(task, "completed")["result"] == push["to"] == main_of(world, origin)


def test_a_freeze_before_the_intent_is_answered_without_a_push_and_none_comes(world: World) -> None:
    origin = world.origin()
    standing_before_merge(world, origin)
    before = main_of(world, origin)

    answer = freeze(world)
    world.onloop("verifier", "--idle-exit", "300ms")

    assert (answer.json["covered"] > 0, answer.json["under_way"]) == (True, [])
    assert main_of(world, origin) == before


def test_a_target_forced_back_is_asked_again_with_its_gates_and_the_true_diff(world: World) -> None:
    """F6 as it was done: the sheet shows one file, and the merge would have brought two."""
    origin, seed = world.origin(), world.folder / "seed" / "shop"
    first = main_of(world, origin)
    (seed / "secret.txt").write_text("key\n")
    world.git(seed, "add", "--all")
    world.git(seed, "-c", "user.name=S", "-c", "user.email=s@x", "commit", "-qm", "secret")
    world.git(seed, "push", "--quiet", str(origin), "HEAD:main")
    with only_verifier(Home(world.store)):
        task = approved(world, origin)
        old = world.onloop("log", task, "--json").out
        world.git(origin, "update-ref", "refs/heads/main", first)

        assert execute(world).startswith("asked again")
        with gates_answered(world):
            shown = world.until(task, "input_required", "approval_required")

        assert main_of(world, origin) == first
        assert {file["path"] for file in shown["files"]} == {"hello.txt", "secret.txt"}
        assert "changed_since_approval" in shown["asked"][0]["question"]
        assert all(gate["mark"] == "passed" for gate in shown["gates"] if gate["gate"] in {"hello", "tests"})
        assert "EffectVoided" in world.onloop("log", task, "--json").out
        assert "EffectVoided" not in old
        assert world.decide("approve", task).code == 0
        assert execute(world).startswith("done")
    assert merges(world, origin) == 1
    assert world.onloop("store", "verify").code == 0


# Moments that no process can be stopped at: the same, in one


def test_a_job_that_was_taken_before_the_freeze_is_not_resumed_after_it(stage: Stage) -> None:
    def die(point: str) -> None:
        if point == "recorded":
            raise Died

    with pytest.raises(Died):
        stage.merge(die)
    taken = stage.take()
    stage.shop.freeze()

    said = stage.carry_out(job=taken)

    assert said == "not recorded: all is frozen, so main was not moved"
    assert stage.target == stage.put
    stage.shop.unfreeze()
    assert stage.carry_out().startswith("done")


def test_a_freeze_between_intent_and_push_names_the_push_and_stops_it(stage: Stage) -> None:
    named: list[Push] = []

    def freeze_now(point: str) -> None:
        if point == "recorded":
            stage.shop.freeze()
            named.extend(pushes_under_way([stage.shop.task()], Frozen("all", "human:ana", "")))

    stage.merge(freeze_now)

    assert stage.target == stage.put
    begun = stage.intent()
    assert named == [Push("r1", "billing", "main", begun.expected, begun.result)]
    stage.shop.unfreeze()
    assert stage.carry_out().startswith("done")
    assert stage.target == begun.result


def test_a_push_that_has_landed_when_the_freeze_comes_is_recorded_all_the_same(stage: Stage) -> None:
    stage.merge(lambda point: stage.shop.freeze() if point == "moved" else None)

    assert (stage.shop.task().state, stage.shop.task().result) == (State.COMPLETED, stage.target)


def test_a_freeze_of_something_else_names_nothing(stage: Stage) -> None:
    def die(point: str) -> None:
        if point == "recorded":
            raise Died

    with pytest.raises(Died):
        stage.merge(die)

    assert pushes_under_way([stage.shop.task()], Frozen("repo:other", "human:ana", "")) == ()
    assert len(pushes_under_way([stage.shop.task()], Frozen("repo:billing", "human:ana", ""))) == 1


def test_a_push_without_an_answer_stays_under_way_for_it_may_land_yet(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    hook = stage.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(SLOW.replace("$REACHED", str(tmp_path / "reached")).replace("$GO", str(go)))
    hook.chmod(0o755)
    monkeypatch.setattr(merging, "LONG_S", 0.5)

    said = stage.merge()

    assert "the origin did not answer the push of" in said
    assert len(pushes_under_way([stage.shop.task()], Frozen("all", "human:ana", ""))) == 1
    go.touch()
    monkeypatch.undo()
    hook.unlink()
    assert stage.carry_out().startswith("done")
    assert git(stage.origin, "rev-list", "--count", "--merges", "main") == "1"
