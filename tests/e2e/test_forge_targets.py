"""A merge that the forge carries out gets to the task's target, and onto a tip on which the work was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onloop.gates.evaluation import GateContext
from onloop.machine.definition import Effect, FileGate, Step
from onloop.machine.effect_specs import MergeSpec, MergeWay
from onloop.machine.state import Reason, State
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from support.forge import APP, APP_ID
from support.forge_stage import ForgeStage
from support.steps import merge

PULL = Step("ship.pull", effect=Effect.PULL_REQUEST)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


def by_forge(**more: object) -> Step:
    return Step("ship.merge", effect=Effect.MERGE, outside=MergeSpec(via=MergeWay.PULL_REQUEST, **more))  # type: ignore[arg-type]


def shown(stage: ForgeStage) -> None:
    """The forge is told all that there is to tell, and time passes."""
    while stage.show():
        pass
    stage.later(2_000)


def retarget(stage: ForgeStage, base: str) -> None:
    stage.repo.pulls[1]["base"] = base


def test_a_pull_request_that_was_pointed_at_another_branch_is_not_merged_there(stage: ForgeStage) -> None:
    stage.forge.push(APP, "release", {"release.txt": "stable\n"})
    stage.stand(PULL, by_forge())
    stage.carry_out()
    retarget(stage, "release")
    before = stage.mirror.refresh("release")

    assert stage.carry_out().startswith("changed: pull request #1 is for release, and the task's target is main")
    assert stage.mirror.refresh("release") == before
    assert stage.shop.task().reason is Reason.CHANGED_SINCE_APPROVAL


def test_one_that_is_pointed_elsewhere_while_the_merge_waits_is_not_merged_there(stage: ForgeStage) -> None:
    stage.forge.push(APP, "release", {"release.txt": "stable\n"})
    stage.stand(by_forge())
    stage.carry_out()
    shown(stage)
    retarget(stage, "release")
    before = stage.mirror.refresh("release")

    assert stage.carry_out().startswith("changed: pull request #1 is for release")
    assert stage.mirror.refresh("release") == before


def test_an_earlier_pull_request_that_is_for_another_branch_now_does_not_show_the_work(stage: ForgeStage) -> None:
    stage.forge.push(APP, "side", {"side.txt": "x\n"})
    again = Step("ship.again", effect=Effect.PULL_REQUEST)
    stage.stand(PULL, again)
    stage.carry_out()
    retarget(stage, "side")

    assert stage.carry_out().startswith("changed: pull request #1 is for side")


def test_work_that_people_merged_into_another_branch_is_not_done(stage: ForgeStage) -> None:
    stage.forge.push(APP, "side", {"side.txt": "x\n"})
    stage.stand(PULL, merge())
    stage.carry_out()
    retarget(stage, "side")
    stage.forge.merge(APP, "ben", 1)

    assert stage.carry_out().startswith("changed: pull request #1 was merged into side, and the task's target is main")
    assert stage.shop.task().state is State.INPUT_REQUIRED
    assert stage.shop.task().result is None


def test_what_the_forge_names_as_merged_is_done_only_once_the_target_holds_it(stage: ForgeStage) -> None:
    stage.forge.push(APP, "side", {"side.txt": "x\n"})
    stage.stand(PULL, merge())
    stage.carry_out()
    retarget(stage, "side")
    stage.forge.merge(APP, "ben", 1)
    retarget(stage, "main")  # as where somebody has taken the merge back from main by force

    assert stage.carry_out().startswith("awaited: pull request #1 was merged as ")
    stage.later(2_400_000)
    said = stage.carry_out()

    assert said.startswith("changed: ")
    assert " lacks it" in said


BUILD = Step("test.build", gates=(FileGate("api", "api.txt", "v1"),))


def gated(stage: ForgeStage, *steps: Step) -> None:
    """A task whose gate passed on its head: the work needs the first version of an interface."""
    stage.forge.push(APP, "main", {"api.txt": "v1\n"})
    stage.stand(BUILD, *steps)
    stage.shop.report(gate="api")


def carry_out(stage: ForgeStage, at: Callable[[str], None] = lambda _: None) -> str:
    """As the stage does, by a verifier that can look into files."""

    def workshop(*_: object) -> GateContext:
        kept = stage.home.store
        return GateContext(stage.mirror, lambda _: None, lambda _: "0" * 64, stage.clock, "verifier:tests", kept)

    job = stage.take()
    assert job is not None, stage.shop.task()
    return EffectExecutor(EffectRecorder(stage.opened, workshop, lambda: False, at)).carry_out(job)


def test_a_target_that_moved_while_the_merge_waited_is_looked_at_again_before_the_forge_merges(
    stage: ForgeStage,
) -> None:
    gated(stage, by_forge())
    assert carry_out(stage) == "awaited: the forge does not show our check yet"
    shown(stage)
    moved = stage.forge.push(APP, "main", {"api.txt": "v2\n"})

    assert carry_out(stage).startswith("gate_failed: on the merged result, api: ")
    assert stage.mirror.refresh("main") == moved


def test_where_nothing_is_wrong_on_the_new_tip_the_forge_merges_and_the_intent_names_that_tip(
    stage: ForgeStage,
) -> None:
    gated(stage, by_forge())
    carry_out(stage)
    shown(stage)
    moved = stage.forge.push(APP, "main", {"other.txt": "x\n"})
    intents: list[str | None] = []

    def note(_: str) -> None:
        effect = stage.shop.task().effect
        intents.append(effect.expected if effect is not None else None)

    assert carry_out(stage, note).startswith("done: pull request #1 is merged as ")
    assert intents[-1] == moved


def test_a_target_that_moves_right_before_the_forge_is_asked_is_looked_at_too(stage: ForgeStage) -> None:
    gated(stage, by_forge())
    carry_out(stage)
    shown(stage)
    stage.forge.push(APP, "main", {"other.txt": "x\n"})
    moved: list[str] = []

    def move(moment: str) -> None:
        if moment == "recorded" and not moved:
            moved.append(stage.forge.push(APP, "main", {"api.txt": "v2\n"}))

    assert carry_out(stage, move).startswith("gate_failed: on the merged result, api: ")
    assert stage.mirror.refresh("main") == moved[0]


def test_a_forge_that_would_merge_by_itself_what_nobody_looked_at_is_not_asked_to(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID), ("ci", None)])
    stage.stand(by_forge(auto=True))
    stage.carry_out()
    shown(stage)

    assert "does not require pull requests to be up to date" in stage.carry_out()
    assert not stage.forge.asked("POST /graphql")
