"""Merges by the forge, and our own check: a protected target moves only by what was approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import (
    MergeSpec,
    MergeStyle,
    MergeWay,
)
from onloop.machine.state import State
from support.forge import APP, APP_ID
from support.forge_stage import ForgeStage
from support.steps import merge, ship

PULL = Step("ship.pull", effect=Effect.PULL_REQUEST)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


def by_forge(**more: object) -> Step:
    spec = MergeSpec(via=MergeWay.PULL_REQUEST, **more)  # type: ignore[arg-type]
    return Step("ship.merge", effect=Effect.MERGE, outside=spec)


def shown(stage: ForgeStage) -> list[str]:
    """Have the forge told what there is to tell, and the effect look again."""
    said = []
    while words := stage.show():
        said.append(words)
    return said


@pytest.mark.parametrize("style", list(MergeStyle))
def test_a_protected_target_moves_through_the_pull_request_once_our_check_is_shown(
    stage: ForgeStage, style: MergeStyle
) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID)])
    stage.stand(by_forge(style=style))

    assert stage.carry_out() == "awaited: the forge does not show our check yet"
    assert shown(stage) == [f"shown: success on {head(stage)[:12]}"]
    stage.later(2_000)
    assert stage.carry_out().startswith("done: ")

    task = stage.shop.task()
    assert (task.state, task.result) == (State.COMPLETED, stage.mirror.tip("main"))
    assert stage.checks() == [("onloop", head(stage), "success")]
    assert len(stage.pulls()) == 1


def head(stage: ForgeStage) -> str:
    submission = stage.shop.task().submission
    assert submission is not None
    return submission.head


def test_rules_that_are_not_met_are_waited_for_and_then_a_persons(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("ci", None)])
    stage.stand(by_forge())
    stage.carry_out()
    shown(stage)
    stage.later(2_000)

    assert stage.carry_out().startswith("awaited: the forge does not merge #1 yet")
    for _ in range(4):
        stage.later()
        said = stage.carry_out()
        if said.startswith("refused"):
            break
    assert stage.shop.task().state is State.INPUT_REQUIRED


def test_a_head_that_moved_is_not_merged(stage: ForgeStage) -> None:
    stage.stand(by_forge())
    stage.carry_out()
    shown(stage)
    theirs = stage.forge.push(APP, "onloop/r1", {"theirs.txt": "x\n"})
    stage.later(2_000)

    assert stage.carry_out().startswith(f"changed: onloop/r1 is at {theirs[:12]}")
    assert stage.repo.pull_json(1)["state"] == "open"


def test_the_forge_merges_by_itself_only_where_it_must_wait_for_our_check(stage: ForgeStage) -> None:
    stage.stand(by_forge(auto=True))
    stage.carry_out()
    shown(stage)
    stage.later(2_000)

    assert "does not require the check onloop of this gateway" in stage.carry_out()
    assert stage.shop.task().state is State.INPUT_REQUIRED


def test_with_a_token_that_is_no_apps_the_forge_does_not_merge_by_itself(stage: ForgeStage) -> None:
    stage.forge.declare(stage.home.store, app=False)
    stage.forge.protect(APP, checks=[("onloop", None)], strict=True, queue=True)
    stage.stand(by_forge(auto=True))
    stage.carry_out()
    shown(stage)
    stage.later(2_000)

    assert "has a token and no app at the forge" in stage.carry_out()
    assert not stage.forge.asked("POST /graphql")


def test_auto_merge_is_waited_for_and_read_back(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID), ("ci", None)], strict=True)
    stage.stand(by_forge(auto=True))
    stage.carry_out()
    shown(stage)
    stage.later(2_000)
    assert stage.carry_out().startswith("awaited: pull request #1 is merged by the forge once")
    stage.forge.ci(APP, head(stage), "ci", "success")
    stage.forge.settle()
    stage.later()

    assert stage.carry_out().startswith("done: ")
    assert stage.shop.task().result == stage.mirror.tip("main")


def test_a_merge_queue_is_answered_on_the_commit_that_it_made(stage: ForgeStage) -> None:
    stage.forge.protect(APP, checks=[("onloop", APP_ID)], queue=True)
    stage.stand(by_forge(auto=True))
    stage.carry_out()
    shown(stage)
    stage.later(2_000)
    assert stage.carry_out().startswith("awaited: ")
    ((group, *_),) = (list(stage.repo.queue.values()),)
    stage.later()
    stage.carry_out()
    stage.later()
    if not stage.shop.task().ended:
        stage.carry_out()

    assert ("onloop", group["head_sha"], "success") in stage.checks()
    assert stage.shop.task().state is State.COMPLETED
    assert stage.shop.task().result == stage.mirror.tip("main") == group["head_sha"]


def test_our_check_says_how_the_task_stands_on_one_run_for_each_head(stage: ForgeStage) -> None:
    stage.stand(PULL, ship(on_reject="develop.implement"), merge())
    stage.carry_out()
    first = head(stage)
    assert shown(stage) == [f"shown: action_required on {first[:12]}"]
    assert shown(stage) == []
    stage.shop.reject()
    assert shown(stage) == [f"shown: queued on {first[:12]}"]
    second = stage.commit("two\n", "second")
    agent = stage.shop.claim()
    assert shown(stage) == [f"shown: in_progress on {first[:12]}"]
    stage.shop.submit(agent, stage.handed(second))
    stage.carry_out()
    assert shown(stage) == [f"shown: action_required on {second[:12]}"]
    stage.shop.approve()
    assert shown(stage) == [f"shown: success on {second[:12]}"]

    assert stage.checks() == [("onloop", first, None), ("onloop", second, "success")]
    stage.carry_out()
    assert shown(stage) == []


def test_our_check_says_failure_when_the_task_ends_without_its_merge(stage: ForgeStage) -> None:
    stage.stand(PULL, ship(), merge())
    stage.carry_out()
    stage.shop.cancel()

    assert shown(stage) == [f"shown: failure on {head(stage)[:12]}"]
    assert stage.checks() == [("onloop", head(stage), "failure")]


def test_a_token_that_may_make_no_check_run_sets_a_status(tmp_path: Path) -> None:
    stage = ForgeStage(tmp_path, app=False)
    try:
        stage.stand(PULL, ship(), merge())
        stage.carry_out()
        assert shown(stage) == [f"shown: action_required on {head(stage)[:12]}"]
        assert stage.checks() == []
        assert stage.forge.asked("POST .*/statuses/") == 1
    finally:
        stage.close()
