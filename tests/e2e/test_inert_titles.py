"""What others wrote does nothing where it stands in a commit on the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.machine.definition import Effect, Step
from onloop.machine.effect_specs import MergeSpec, MergeStyle, MergeWay
from onloop.records import replace
from onloop.verifier.effects.proof_text import name_of, title_of
from support.forge_stage import ForgeStage
from support.steps import defined

TITLE = "[skip ci] fixes #1 @acme/all"
ACTIVE = ("[skip ci]", "#1", "@acme/all")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ForgeStage]:
    made = ForgeStage(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("way", list(MergeWay))
@pytest.mark.parametrize("style", [MergeStyle.MERGE, MergeStyle.SQUASH])
def test_a_title_is_inert_in_the_commit_that_the_target_gets(
    stage: ForgeStage, way: MergeWay, style: MergeStyle
) -> None:
    ship = Step("ship.merge", effect=Effect.MERGE, outside=MergeSpec(via=way, style=style))
    definition = defined(Step("develop.implement", role="implementer"), ship)
    made = replace(stage.shop.creation(definition, "r1", origin=stage.origin), title=TITLE)
    stage.shop._create([("r1", made)])
    stage.shop.submit(stage.shop.claim("r1"), stage.handed(stage.commit("one\n")))
    said = stage.carry_out()
    if way is MergeWay.PULL_REQUEST:
        while stage.show():
            pass
        stage.later(2_000)
        said = stage.carry_out()

    assert said.startswith("done: ")
    message = stage.mirror.git.text("log", "-1", "--format=%B", stage.mirror.refresh("main"))
    assert "skip ci" in message
    assert not [word for word in ACTIVE if word in message]


@pytest.mark.parametrize(
    "order",
    ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "[ Skip CI ]", "skip-checks: true"],
)
def test_an_order_to_a_ci_is_none_in_a_title(order: str) -> None:
    assert order not in title_of(f"Mend it {order}")
    assert title_of(f"Mend it {order}").replace("\u2060", "") == f"Mend it {order}"


def test_an_address_of_an_author_stays_one_and_their_name_does_nothing() -> None:
    assert name_of("Ana Díaz <7+ana@users.noreply.example.org>") == "Ana Díaz <7+ana@users.noreply.example.org>"
    for evil in ("fixes #1 @acme/all [skip ci] <a@b.org>", "Ana <fixes #1 @acme/all>", "@acme/all <x>", "<@acme/all>"):
        assert not [word for word in ACTIVE if word in name_of(evil)], name_of(evil)
    assert name_of("fixes #1 <a@b.org>").endswith(" <a@b.org>")
