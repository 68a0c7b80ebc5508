"""Policies of the organization at the one door: adopted by approvers, and left out by nobody who begins a run."""

from __future__ import annotations

import pytest

from gateway.shop import LAUNCHER, Shop
from onloop.errors import BadInput, NotAllowed, Refused, UnknownThing
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.definition import Definition, DenyOutcome, Policy
from onloop.machine.organization_policies import MOST_POLICIES, PolicyAdopted, PolicyDropped
from onloop.machine.policy_gate import PolicyMode
from onloop.records import replace
from onloop.views.pinned_workflow import definition_of
from support.steps import defined, develop, merge, ship

SMALL = Policy("small", "change.count < 5", ("effect:merge",), "Small.", override=None)
WALKED = defined(develop(), ship(), merge())


def adopt(shop: Shop, policy: Policy = SMALL, name: str = "ana", reason: str = "agreed") -> None:
    person = shop.person(name)
    shop.gateway.perform(RecordStoreEvent(person, PolicyAdopted(policy, person.id, reason)))


def drop(shop: Shop, policy: str = "small") -> None:
    person = shop.person()
    shop.gateway.perform(RecordStoreEvent(person, PolicyDropped(policy, person.id, "too early")))


def walked(shop: Shop, task: str = "r1") -> Definition:
    found = shop.task(task)
    with shop.store.reading() as at:
        return definition_of(at, found)


def test_a_run_is_held_to_what_is_in_force_when_it_starts_and_not_to_what_comes_later(shop: Shop) -> None:
    shop.begin(WALKED, "r1")
    adopt(shop)
    shop.begin(WALKED, "r2")
    drop(shop)
    shop.begin(WALKED, "r3")

    assert [len(walked(shop, task).policies) for task in ("r1", "r2", "r3")] == [0, 1, 0]
    assert [gate.id for gate in walked(shop, "r2").step("ship.merge").policy_gates] == ["policy/small"]


def test_whoever_begins_a_run_by_another_operation_is_held_to_them_too(shop: Shop) -> None:
    shop.begin(WALKED, "r1")
    adopt(shop)
    shop.gateway.perform(PerformCommand(LAUNCHER, "r2", shop.creation(WALKED, "r2")))

    assert [policy.name for policy in walked(shop, "r2").policies] == ["small"]


def test_nobody_puts_a_task_with_another_workflow_into_a_run_that_is_held_to_them(shop: Shop) -> None:
    shop.begin(WALKED, "r0")
    adopt(shop)
    shop.begin(WALKED, "r1")
    beside = replace(shop.creation(WALKED, "r1"), parent="r1")

    with pytest.raises(BadInput, match="another workflow than r1"):
        shop.gateway.perform(PerformCommand(LAUNCHER, "r1.1", beside))


def test_an_amended_run_is_held_to_what_is_in_force_then(shop: Shop) -> None:
    shop.begin(WALKED, "r1")
    other = replace(WALKED, digest="e" * 64, description="another")
    shop.begin(other, "r2")
    adopt(shop)
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Amend("e" * 64, shop.voice(), "mend it")))

    assert [policy.name for policy in walked(shop, "r1").policies] == ["small"]
    assert walked(shop, "r1").file == "e" * 64


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (replace(SMALL, rule="change.cuont < 5"), "there is no fact change.cuont"),
        (replace(SMALL, rule="1"), "must give true or false"),
        (replace(SMALL, rule="x" * 4_000), "cannot be evaluated"),
        (replace(SMALL, at=()), "where it is judged"),
        (replace(SMALL, at=("merge",)), "where it is judged"),
        (replace(SMALL, name="Small One"), "its name"),
        (replace(SMALL, quorum=0), "how many approve"),
        (replace(SMALL, on_deny=DenyOutcome.APPROVALS), "whom it demands"),
        (replace(SMALL, late=True), "when it is judged"),
        (replace(SMALL, approvers=("human:ana",)), "who approves"),
    ],
)
def test_what_no_run_could_be_held_to_is_not_adopted(shop: Shop, policy: Policy, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        adopt(shop, policy)
    with shop.store.reading() as at:
        assert at.house().policies == {}


def test_only_an_approver_adopts_and_drops_with_a_reason_and_once(shop: Shop) -> None:
    with pytest.raises(NotAllowed, match="not an approver"):
        adopt(shop, name="cleo")
    with pytest.raises(BadInput, match="a reason is needed"):
        adopt(shop, reason=" ")
    adopt(shop)
    with pytest.raises(Refused, match="in force already"):
        adopt(shop)
    adopt(shop, replace(SMALL, mode=PolicyMode.AUDIT))
    drop(shop)
    with pytest.raises(UnknownThing, match="there is no policy"):
        drop(shop)


def test_no_more_are_adopted_than_a_run_can_carry(shop: Shop) -> None:
    for number in range(MOST_POLICIES):
        adopt(shop, replace(SMALL, name=f"p{number}"))
    with pytest.raises(BadInput, match="which is the most"):
        adopt(shop)
