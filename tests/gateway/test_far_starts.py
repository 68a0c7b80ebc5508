"""A launcher that may start begins new runs of workflows that the store knows, in its repositories, as itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.letting_in import let_in
from gateway.network_callers import NOBODY, proved, refusal
from gateway.served import serving
from gateway.shop import Shop
from onloop.errors import BadInput
from onloop.gateway.command_operations import CreateRun
from onloop.home import Home
from onloop.machine.principal import launcher
from onloop.machine.task import Artefact
from onloop.records import replace
from onloop.remote.protocol import request_fields
from onloop.store.rows import PinnedWorkflow

ACME = "https://forge.example/acme/shop.git"


@pytest.fixture
def known(durable: Shop) -> PinnedWorkflow:
    """The workflow of a run that a person began, with its source."""
    durable.begin()
    with durable.store.reading() as at:
        (row,) = at.select(PinnedWorkflow)
    row = replace(row, source="workflow: feature")
    durable.store.transact(lambda tx: tx.put(row))
    return row


def started(
    shop: Shop, folder: Path, pinned: PinnedWorkflow, run: str = "r5", *, starts: bool = True, **more: Any
) -> str:
    """What comes of it: the new task's id, or why not."""
    secret = let_in(shop, repositories=("forge.example/acme/*",), starts=starts)
    changed = {name: more.pop(name) for name in ("compiled", "digest") if name in more}
    given = {"origin": ACME, "sponsor": "launcher:farm", **more}
    made = replace(shop.creation(run=run), **given)
    with serving(Home(folder / "store"), shop.clock) as (gateway, _):
        line = proved(gateway, "launcher", secret)
        sent = request_fields(CreateRun(launcher("x"), ((run, made),), replace(pinned, **changed)))
        answer = line.ask("create", **{**sent, "principal": NOBODY})
        line.close()
    return str(answer["ok"]["id"]) if "ok" in answer else refusal(answer)[1]


def test_it_begins_a_run_and_the_log_says_who(durable: Shop, tmp_path: Path, known: PinnedWorkflow) -> None:
    assert started(durable, tmp_path, known) == "r5"
    assert {event.principal for event in durable.log("r5")} == {"launcher:farm"}
    assert durable.task("r5").sponsor == "launcher:farm"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"starts": False}, "may not start anything"),
        ({"origin": "https://forge.example/other/shop.git"}, "may not start this"),
        ({"origin": "/srv/secret.git"}, "may not start this"),
        ({"origin": None}, "may not start this"),
        ({"sponsor": "human:ana"}, "may not start this"),
        ({"run": "r1"}, "may not start this"),
        ({"attachments": (Artefact("x", "5" * 64, 1),)}, "may not start this"),
        ({"definition": "e" * 64}, "no run of this store walks"),
        ({"compiled": "{}"}, "no run of this store walks"),
        ({"digest": "f" * 64}, "no run of this store walks"),
    ],
)
def test_it_begins_nothing_else(
    more: dict[str, Any], why: str, durable: Shop, tmp_path: Path, known: PinnedWorkflow
) -> None:
    before = len(durable.log())
    assert why in started(durable, tmp_path, known, **more)
    assert [event.name for event in durable.log()[before:]] == ["LauncherMinted"]


def test_the_part_of_a_workflow_that_children_walk_is_none_to_start(
    durable: Shop, tmp_path: Path, known: PinnedWorkflow
) -> None:
    part = replace(known, source="")
    durable.store.transact(lambda tx: tx.put(part))
    assert "no run of this store walks" in started(durable, tmp_path, part)


@pytest.mark.parametrize("pattern", ["shop", "*", "sho?"])
def test_whoever_starts_names_hosts_or_folders_for_the_gateway_fetches_what_is_started(
    durable: Shop, pattern: str
) -> None:
    with pytest.raises(BadInput, match="is the end of any"):
        let_in(durable, repositories=("forge.example/acme/*", pattern), starts=True)
    let_in(durable, repositories=(pattern,))
