"""Our own check on a forge says success only of what was approved, and nothing else says it in its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import CheckRunSpec, DispatchSpec, EffectSpec, MergeSpec, MergeWay, StatusSpec
from onloop.machine.state import Reason
from onloop.records import replace
from support.forge import APP, APP_ID
from support.forge.deeds import end_workflow
from support.forge.demands import unmet_checks
from support.forge_stage import ForgeStage
from support.steps import merge, ship

PULL = Step("ship.pull", effect=Effect.PULL_REQUEST)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def with_token(tmp_path: Path) -> Iterator[ForgeStage]:
    """The same for an account that is no app."""
    made = ForgeStage(tmp_path, app=False)
    yield made
    made.close()


def by_forge(*, auto: bool = False) -> Step:
    return Step("ship.merge", effect=Effect.MERGE, outside=MergeSpec(via=MergeWay.PULL_REQUEST, auto=auto))


def says(spec: EffectSpec) -> Step:
    kind = Effect.STATUS if isinstance(spec, StatusSpec) else Effect.CHECK_RUN
    return Step("ship.say", effect=kind, outside=spec)


def shown(stage: ForgeStage) -> list[str]:
    """Have the forge told what there is to tell."""
    said = []
    while words := stage.show():
        said.append(words)
    return said


def head(stage: ForgeStage) -> str:
    submission = stage.shop.task().submission
    assert submission is not None
    return submission.head


def hand_in_again(stage: ForgeStage) -> str:
    second = stage.commit("two\n", "second")
    stage.shop.submit(stage.shop.claim(), stage.handed(second))
    return second


def contexts(stage: ForgeStage) -> list[tuple[str, str]]:
    return [(said["context"], said["state"]) for said in stage.repo.statuses]


def test_a_status_of_a_step_is_not_what_a_protected_branch_waits_for(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID)])
    stage.stand(PULL, says(StatusSpec()), ship(), merge())
    stage.carry_out()
    assert stage.carry_out().startswith("done: status onloop/ship.say of ")

    assert unmet_checks(stage.repo, "main", head(stage)) == ["onloop"]
    assert contexts(stage) == [("onloop/ship.say", "success")]


@pytest.mark.parametrize("spec", [StatusSpec("onloop"), StatusSpec("OnLoop "), CheckRunSpec("Onloop")])
def test_no_step_speaks_as_our_own_check(with_token: ForgeStage, spec: EffectSpec) -> None:
    stage = with_token
    stage.stand(PULL, says(spec), ship(), merge())
    stage.carry_out()
    shown(stage)

    assert "is the gateway's own check, which no step says" in stage.carry_out()

    shown(stage)
    assert "success" not in [state for _, state in contexts(stage)]
    assert stage.checks() == []
    assert stage.shop.task().reason is Reason.GATE_FAILED


def test_a_status_that_somebody_else_set_is_not_taken_for_ours(with_token: ForgeStage) -> None:
    stage = with_token
    stage.stand(says(StatusSpec("lab")))
    stage.forge.status(APP, "robot", head(stage), "lab", "success")

    stage.carry_out()

    assert [said["creator"]["login"] for said in stage.repo.statuses] == ["robot", "onloop-bot"]


def test_after_a_merge_the_head_that_is_handed_in_next_is_not_approved(stage: ForgeStage) -> None:
    deploy = Step("ship.deploy", effect=Effect.DISPATCH, outside=DispatchSpec("deploy.yml", correlation="c"))
    back = ship(on_reject="develop.implement")
    stage.stand(PULL, back, by_forge(), replace(deploy, on_fail="develop.implement"))
    first = head(stage)
    stage.carry_out()
    stage.shop.approve()
    stage.carry_out()
    shown(stage)
    stage.later(2_000)
    stage.carry_out()
    assert ("onloop", first, "success") in stage.checks()
    stage.carry_out()
    stage.later()
    end_workflow(stage.repo, stage.repo.runs[0]["id"], "failure")
    stage.carry_out()

    second = hand_in_again(stage)
    shown(stage)
    stage.carry_out()
    shown(stage)

    assert ("onloop", second, "success") not in stage.checks()


def test_a_success_that_the_forge_refuses_to_take_back_is_taken_back_later(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID), ("ci", None)])
    stage.stand(PULL, ship(on_reject="develop.implement"), by_forge())
    stage.carry_out()
    shown(stage)
    stage.shop.approve()
    stage.carry_out()
    shown(stage)
    assert ("onloop", head(stage), "success") in stage.checks()
    stage.forge.push(APP, "onloop/r1", {"theirs.txt": "x\n"})
    stage.later(2_000)
    stage.carry_out()
    stage.forge.fail("gone", "PATCH .*/check-runs", times=2)

    assert stage.show().startswith("left for later: ")
    assert stage.checks() == [("onloop", head(stage), "success")]
    stage.later()

    assert shown(stage) == [f"shown: action_required on {head(stage)[:12]}"]
    assert stage.checks() == [("onloop", head(stage), "action_required")]


def test_a_check_run_that_is_gone_is_made_anew(stage: ForgeStage) -> None:
    stage.stand(PULL, ship(), merge())
    stage.carry_out()
    shown(stage)
    stage.repo.checks.clear()
    stage.shop.approve()

    shown(stage)

    assert stage.checks() == [("onloop", head(stage), "success")]


def test_work_that_never_reached_its_branch_does_not_count_as_pushed(stage: ForgeStage) -> None:
    stage.stand(PULL, ship(on_reject="develop.implement"), merge())
    stage.carry_out()
    stage.forge.merge(APP, "ben", stage.pulls()[0])
    stage.shop.reject()
    second = hand_in_again(stage)

    assert stage.carry_out().startswith("changed: pull request #1 shows ")

    assert stage.mirror.tip("onloop/r1") != second
    assert second not in stage.shop.task().pushed
