"""A run of the forge's CI is the deployment of the one effect that started it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import DispatchSpec
from onloop.machine.state import State
from support.forge.deeds import end_workflow, run_workflow
from support.forge_stage import ForgeStage

DEPLOY = Step("ship.deploy", effect=Effect.DISPATCH, outside=DispatchSpec("deploy.yml"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


def test_the_run_of_another_workflow_is_not_our_deployment(stage: ForgeStage) -> None:
    stage.stand(DEPLOY)
    stage.forge.fail("error", "dispatches", times=1)
    stage.carry_out()
    ben = stage.forge.world.account("ben")
    run = run_workflow(stage.repo, ben, "lint.yml", stage.mirror.refresh("main"), "workflow_dispatch", "main")
    end_workflow(stage.repo, run["id"], "success")
    stage.later()

    assert stage.carry_out().startswith("awaited: deploy.yml was started on main, and is not listed yet")


def test_two_tasks_do_not_share_one_run(stage: ForgeStage) -> None:
    stage.stand(DEPLOY)
    stage.carry_out()
    first = list(stage.repo.runs)
    stage.repo.runs.clear()  # not listed yet, as forges say of themselves
    stage.stand(DEPLOY, head=stage.commit("two\n", "second"), run="r2")
    stage.carry_out()
    stage.repo.runs.extend(first)
    end_workflow(stage.repo, first[0]["id"], "success")
    stage.later()

    said = sorted(stage.carry_out() for _ in range(2))

    assert [words.partition(":")[0] for words in said] == ["awaited", "done"]
    assert stage.shop.task("r2").state is not State.COMPLETED


def test_two_steps_of_one_task_do_not_share_one_run(stage: ForgeStage) -> None:
    again = Step("ship.again", effect=Effect.DISPATCH, outside=DispatchSpec("deploy.yml"))
    stage.stand(DEPLOY, again)
    stage.carry_out()
    stage.later()
    first = stage.repo.runs[0]
    end_workflow(stage.repo, first["id"], "success")
    hidden = list(stage.repo.runs)
    assert stage.carry_out().startswith("done: ")
    stage.repo.runs.clear()  # as if it were listed late
    stage.carry_out()
    stage.repo.runs.extend(hidden)
    stage.later()

    assert stage.carry_out().startswith("awaited: run ")
    assert stage.shop.task().state is not State.COMPLETED
