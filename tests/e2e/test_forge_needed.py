"""A run that would change something on a forge does not begin where no forge is declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.access.origin_look import TroubleKind
from onloop.access.preflight import preflight, wants_of
from onloop.access.targets import RunTarget
from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import MergeSpec, MergeWay
from support.forge_stage import ForgeStage
from support.steps import defined, merge

PULL = Step("ship.pull", effect=Effect.PULL_REQUEST)
BY_FORGE = Step("ship.merge", effect=Effect.MERGE, outside=MergeSpec(via=MergeWay.PULL_REQUEST))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


def troubles(stage: ForgeStage, *steps: Step) -> list[TroubleKind]:
    (look,) = preflight([RunTarget("app", stage.origin)], stage.home.mirror, wants_of(defined(*steps)))
    return [trouble.kind for trouble in look.troubles]


def test_a_declared_forge_is_enough(stage: ForgeStage) -> None:
    assert troubles(stage, PULL, BY_FORGE) == []


@pytest.mark.parametrize("step", [PULL, BY_FORGE])
def test_an_effect_on_a_forge_needs_one(stage: ForgeStage, step: Step) -> None:
    (stage.home.store / "forges.toml").unlink()

    assert troubles(stage, step) == [TroubleKind.NO_FORGE]


def test_a_push_needs_none(stage: ForgeStage) -> None:
    (stage.home.store / "forges.toml").unlink()

    assert TroubleKind.NO_FORGE not in troubles(stage, merge(), Step("ship.push", effect=Effect.PUSH_BRANCH))


def test_the_right_to_push_to_the_target_is_needed_for_a_merge_of_ours_alone() -> None:
    assert wants_of(defined(merge())).merges
    assert not wants_of(defined(PULL, BY_FORGE)).merges
