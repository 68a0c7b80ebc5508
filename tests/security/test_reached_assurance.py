"""How sure a decision is: what is proved of who made it, and of whom they are kept apart from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.served import line_to, prove_people, resident
from gateway.shop import CHEAP, Shop
from onloop.access.opening import create_home
from onloop.access.reach import reachable
from onloop.errors import NotAllowed
from onloop.gateway.command_operations import PerformCommand
from onloop.home import Home
from onloop.machine.box_facts import BoxProved
from onloop.machine.definition import Assurance
from onloop.machine.store_state import StoreState
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from security.another_user import ONE, OTHER, admit, as_user, opened, passable_folder, told
from support.scenario import NOON
from support.steps import defined, develop, human, ship
from support.world import WORKFLOW, World

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users may pass through."""
    with passable_folder() as folder:
        yield folder


@AS_ROOT
@pytest.mark.parametrize(
    ("strong", "claimer", "reached"),
    [(True, ONE, True), (False, ONE, False), (True, OTHER, False)],
    ids=["apart", "the box is weak", "the approver claims, too"],
)
def test_a2_is_reached_by_an_approver_who_is_nobody_of_those_who_own_or_claim(
    durable: Shop, tmp_path: Path, strong: bool, claimer: int, reached: bool
) -> None:
    home = opened(tmp_path)
    durable.begin(defined(develop(), ship(human(assurance=Assurance.A2))))
    with resident(home, durable.clock, box_is_strong=strong):
        admit(home)
        durable.secrets["r1"] = as_user(claimer, "claimed", home, "r1", "implementer", "alfa")
        durable.submit(durable.agent(durable.secrets["r1"]))
        durable.report()
        said = durable.approval()
        outcome = as_user(OTHER, "approving", home, "r1", said.request, said.digest)
        own = line_to(home)
        owner = GatewayClient(own, ClientStore(own), durable.clock)
        prove_people(owner)
        by_owner = (
            told(lambda: owner.perform(PerformCommand(durable.person("ben"), "r1", durable.approval("ben"))))
            if not reached
            else ""
        )
        own.close()

    if reached:
        assert outcome == "got completed"
        assert durable.task().decisions[-1].assurance is Assurance.A2
    else:
        assert outcome.startswith("NotAllowed") and "needs assurance A2, but you proved A1: " in outcome
        assert "needs assurance A2, but you proved A1: " in by_owner


def test_whoever_worked_on_the_task_has_no_a2_for_it_whatever_the_gateway_thought(durable: Shop) -> None:
    durable.begin(defined(develop(), ship(human(assurance=Assurance.A2))))
    durable.waiting()
    spoken = replace(durable.voice(), assurance=Assurance.A2, uid=os.getuid())
    person = replace(durable.person(), voice=spoken)

    with pytest.raises(NotAllowed, match="needs assurance A2, but you proved A1"):
        durable.gateway.perform(PerformCommand(person, "r1", replace(durable.approval(), voice=spoken)))


@pytest.mark.parametrize(("assurance", "said"), [("A1", False), ("A2", True), ("A3", True)])
def test_a_gate_that_stays_closed_is_named_when_it_is_checked_and_when_work_begins(
    world: World, assurance: str, said: bool
) -> None:
    """F13: work was done, and nobody could ever approve it."""
    text = WORKFLOW.replace("human: {from: [approvers]}", f"human: {{from: [approvers], assurance: {assurance}}}")
    file = world.folder / "w.yaml"
    file.write_text(text)
    create_home(
        Home(world.store),
        store_id="w",
        person="ana",
        groups=("approvers",),
        passphrase="long enough",
        email="",
        scripted=False,
        cost=CHEAP,
    )
    checked = world.onloop("validate", str(file))
    control, origin = world.control(text), world.origin()
    (world.folder / "t.txt").write_text(f"{origin}\n")
    begun = world.onloop(
        "fleet", "small.yaml", "--control", str(control), "--targets", str(world.folder / "t.txt"), "--json"
    )

    assert (checked.code, begun.code) == (0, 0), checked.err + begun.err
    assert ("ship.approve: release" in checked.err) is said
    assert (f"ship.approve: release demands {assurance}, but no more than A1 is proved" in begun.err) is said


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_store_reaches_a2_only_apart_and_with_a_box_that_holds(tmp_path: Path, is_shared: bool) -> None:
    home = Home(tmp_path / "store")
    home.store.mkdir()
    home.socket.parent.mkdir()
    os.chown(home.socket.parent, -1, os.getgid() + 1 if is_shared else os.getgid())
    levels = [
        reachable(
            home, StoreState("s", scripted, proof=BoxProved("b", "bubblewrap", "cgroup", strong, (), "v", NOON)), NOON
        )
        for scripted, strong in ((False, True), (False, False), (True, True))
    ]

    assert levels == [Assurance.A2 if is_shared else Assurance.A1, Assurance.A1, Assurance.A0]
