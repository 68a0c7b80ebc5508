"""A verifier that is killed at every call of an effect on a forge leaves never two of anything."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import (
    CommentSpec,
    DispatchSpec,
    MergeSpec,
    MergeStyle,
    MergeWay,
    PullRequestSpec,
    ReleaseTagSpec,
)
from onloop.machine.state import State
from support.deadly import Fate, Killed
from support.forge import APP, APP_ID
from support.forge.deeds import end_workflow
from support.forge_stage import ForgeStage
from support.steps import ship

LIFE = 180
"""How many moments the life of one pull request has in which it may end, and a few more."""

FEW, MANY = 6, 150


def steps(merging: MergeSpec) -> tuple[Step, ...]:
    return (
        Step("ship.pull", effect=Effect.PULL_REQUEST, outside=PullRequestSpec(labels=("bot",), reviewers=("ben",))),
        Step("ship.say", effect=Effect.COMMENT, outside=CommentSpec("see {head}")),
        Step("ship.check", effect=Effect.CHECK_RUN),
        Step("ship.status", effect=Effect.STATUS),
        ship(),
        Step("ship.merge", effect=Effect.MERGE, outside=merging),
        Step("ship.tag", effect=Effect.RELEASE_TAG, outside=ReleaseTagSpec("v-{task}")),
        Step(
            "ship.deploy",
            effect=Effect.DISPATCH,
            outside=DispatchSpec("deploy.yml", correlation="onloop"),
        ),
    )


def live_and_die(folder: Path, seed: int) -> None:
    """One task from its pull request to its deployment, with kills, lost answers and outages on its way."""
    rng = random.Random(seed)  # noqa: S311 - histories, not secrets
    merging = MergeSpec(rng.choice(list(MergeStyle)), rng.choice(list(MergeWay)))
    faults = [
        (kind, rng.choice(("POST", "PATCH", "GET", "PUT", "pulls", "check-runs")))
        for kind in rng.sample(("error", "lost", "secondary", "html"), rng.randint(0, 2))
    ]
    live(folder, merging, Fate(*rng.sample(range(1, LIFE), rng.randint(1, 4))), faults)


def live(folder: Path, merging: MergeSpec, fate: Fate, faults: Sequence[tuple[str, str]] = ()) -> None:
    stage = ForgeStage(folder)
    if merging.via is MergeWay.PULL_REQUEST:
        stage.forge.protect(APP, checks=[("onloop", APP_ID)])
    try:
        stage.stand(*steps(merging), head=stage.commit("one\n"))
        for kind, where in faults:
            stage.forge.fail(kind, where)  # type: ignore[arg-type]
        _until_done(stage, fate, merging)
        _check_once(stage)
    finally:
        stage.close()


def _until_done(stage: ForgeStage, fate: Fate, merging: MergeSpec) -> None:
    for _ in range(120):
        try:
            stage.live(fate)
        except Killed:
            continue
        task = stage.shop.task()
        if task.ended:
            break
        if task.state is State.INPUT_REQUIRED:
            assert task.requests[0].gate == "release", (merging, task.detail)
            stage.shop.approve()
        for run in stage.repo.runs:
            if run["status"] != "completed":
                end_workflow(stage.repo, run["id"], "success")
        stage.later()
    stage.live(Fate())


def _check_once(stage: ForgeStage) -> None:
    task, repo = stage.shop.task(), stage.repo
    head = task.submission.head if task.submission else ""
    assert task.state is State.COMPLETED, (task.state, task.step, task.detail)
    assert len(repo.pulls) == 1
    names = sorted(run["name"] for run in repo.checks)
    assert names == ["onloop", "onloop/work"], names
    assert {(run["conclusion"], run["head_sha"]) for run in repo.checks} == {("success", head)}
    assert len(repo.comments.get(1, [])) == 1
    assert len(repo.runs) == 1
    assert repo.git.commit("refs/tags/v-r1^{commit}") == task.result == stage.mirror.refresh("main")
    between = stage.mirror.git.text("rev-list", "--count", "--first-parent", f"{task.submission.base}..main")  # type: ignore[union-attr]
    assert between == "1"
    assert [label["name"] for label in repo.pull_json(1)["labels"]] == ["bot"]


@pytest.mark.parametrize("seed", range(FEW))
def test_a_killed_verifier_leaves_never_two_of_anything(tmp_path: Path, seed: int) -> None:
    live_and_die(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("way", list(MergeWay))
@pytest.mark.parametrize("moment", range(1, LIFE))
def test_a_verifier_that_is_killed_at_any_moment_leaves_never_two_of_anything(
    tmp_path: Path, way: MergeWay, moment: int
) -> None:
    live(tmp_path, MergeSpec(MergeStyle.SQUASH, way), Fate(moment))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(FEW, FEW + MANY))
def test_verifiers_that_are_killed_often_in_an_outage_leave_never_two_of_anything(tmp_path: Path, seed: int) -> None:
    live_and_die(tmp_path, seed)
