"""Marks in a store: made by people only, dated by the gateway, kept through every store, in the audit trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.shop import Shop
from onloop.errors import BadInput, NotAllowed, OnloopError, UnknownThing
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.marks import Acknowledged, Mark, Muted, Rule, Seen, Snoozed, Unmuted, Woken
from onloop.machine.store_state import StoreState
from support.scenario import ANA, BEN, NOON
from support.steps import HOUR

BILLING = Rule(repo="billing", gate="tests")
MARKS: dict[str, Callable[[str], Mark]] = {
    "seen": lambda by: Seen("c1", by),
    "acknowledged": lambda by: Acknowledged("c1", by, NOON + HOUR),
    "snoozed": lambda by: Snoozed("c1", by, NOON + HOUR, 2, state="ab12"),
    "woken": lambda by: Woken("c1", by),
    "muted": lambda by: Muted(BILLING, by, NOON + HOUR, "known"),
    "unmuted": lambda by: Unmuted(BILLING.id, by),
}


def house(shop: Shop) -> StoreState:
    with shop.store.reading() as at:
        return at.house()


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_no_agent_marks_anything_whatever_name_it_signs_with(shop: Shop, mark: Callable[[str], Mark]) -> None:
    shop.begin()
    agent = shop.claim()

    for by in (agent.id, ANA):
        with pytest.raises(NotAllowed):
            shop.gateway.perform(RecordStoreEvent(agent, mark(by)))
    with pytest.raises(NotAllowed):
        shop.gateway.perform(RecordStoreEvent(shop.person("ana"), mark(BEN)))
    assert house(shop).marks == type(house(shop).marks)()


def test_marks_are_dated_by_the_gateway_and_found_again(shop: Shop) -> None:
    ana = shop.person()
    shop.later(5)
    shop.gateway.perform(RecordStoreEvent(ana, Seen("c0", ANA, at=1)))
    shop.gateway.perform(RecordStoreEvent(ana, Acknowledged("c1", ANA, NOON + HOUR, at=NOON + 100 * HOUR)))
    shop.gateway.perform(RecordStoreEvent(ana, Snoozed("c2", ANA, NOON + HOUR, 2, state="ab12")))
    shop.gateway.perform(RecordStoreEvent(ana, Muted(BILLING, ANA, NOON + HOUR, "known")))

    marks = house(shop).marks
    assert marks.seen["c0"] == Seen("c0", ANA, NOON + 5)
    assert marks.acknowledged == {"c1": Acknowledged("c1", ANA, NOON + HOUR, NOON + 5)}
    assert marks.snoozed == {"c2": Snoozed("c2", ANA, NOON + HOUR, 2, state="ab12", at=NOON + 5)}
    assert marks.muted == {BILLING.id: Muted(BILLING, ANA, NOON + HOUR, "known", NOON + 5)}
    trail = [(event.name, event.principal) for event in shop.log("house")[-4:]]
    assert trail == [("Seen", ANA), ("Acknowledged", ANA), ("Snoozed", ANA), ("Muted", ANA)]


def test_what_is_woken_or_unmuted_is_there_no_more(shop: Shop) -> None:
    ana, ben = shop.person(), shop.person("ben")
    for name in ("acknowledged", "muted"):
        shop.gateway.perform(RecordStoreEvent(ana, MARKS[name](ANA)))
    shop.gateway.perform(RecordStoreEvent(ben, Woken("c1", BEN)))
    shop.gateway.perform(RecordStoreEvent(ben, Unmuted(BILLING.id, BEN)))

    assert (house(shop).marks.acknowledged, house(shop).marks.muted) == ({}, {})
    with pytest.raises(UnknownThing, match="no mute"):
        shop.gateway.perform(RecordStoreEvent(ben, Unmuted(BILLING.id, BEN)))


@pytest.mark.parametrize("until", [NOON - 1, NOON, NOON + 8 * 24 * HOUR])
def test_nothing_is_hidden_for_no_time_or_for_ever(shop: Shop, until: int) -> None:
    ana = shop.person()
    length = len(shop.log())

    for mark in (Acknowledged("c1", ANA, until), Snoozed("c1", ANA, until, 2), Muted(BILLING, ANA, until, "known")):
        with pytest.raises(BadInput):
            shop.gateway.perform(RecordStoreEvent(ana, mark))
    assert len(shop.log()) == length


def test_a_refused_mark_says_what_would_work(shop: Shop) -> None:
    with pytest.raises(OnloopError) as no:
        shop.gateway.perform(RecordStoreEvent(shop.person(), Woken("c1", ANA)))

    assert "onloop attention --all" in no.value.hint
