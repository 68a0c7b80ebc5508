"""Calls over a real store: rows that one of many gateways takes, an id that stays, and a channel that fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.shop import Shop
from onloop.calls.call_operations import FinishCalls, ReadCalls, TakeCalls
from onloop.calls.wanted_calls import LEASE_MS, CallBatch
from onloop.errors import NotAllowed
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.call_rules import CallPlan, CallRule, CallsAdopted, CallStep, Recipient
from onloop.machine.marks import Acknowledged
from onloop.machine.principal import Principal, PrincipalKind
from onloop.views.overview_projector import ReadBoard

MINUTE = 60_000
PLAN = CallPlan(
    (Recipient("ana", ("phone",)), Recipient("ben", ("mail",))),
    (CallRule("all", ("ana",), dwell_ms=MINUTE, steps=(CallStep(30 * MINUTE, ("ben",)),)),),
    4 * 60 * MINUTE,
)
BOTH = ("phone", "mail")


def adopt(shop: Shop, plan: CallPlan | None = PLAN) -> None:
    by = shop.person()
    shop.gateway.perform(RecordStoreEvent(by, CallsAdopted(plan, by.id, "on call")))


def take(shop: Shop, who: str = "a", channels: tuple[str, ...] = BOTH) -> Sequence[CallBatch]:
    return shop.gateway.perform(TakeCalls(who, channels))


def finish(shop: Shop, batch: CallBatch, *, sent: bool = True, words: str = "") -> bool:
    calls = tuple(row.id for row in batch.rows)
    given = FinishCalls(batch.message, batch.channel, calls, sent=sent, words=words, again_ms=0 if sent else MINUTE)
    return shop.gateway.perform(given)


@pytest.fixture
def asking(shop: Shop) -> Shop:
    """An approval waits, and somebody is to be called about it."""
    shop.begin()
    shop.waiting("r1")
    adopt(shop)
    take(shop)
    return shop


def test_a_call_is_taken_once_and_told_once(asking: Shop) -> None:
    asking.later(MINUTE)

    (batch,) = take(asking)

    assert (batch.recipient, batch.channel, take(asking, "b")) == ("ana", "phone", ())
    assert finish(asking, batch, words="answered 200")
    assert not finish(asking, batch)
    assert take(asking) == ()
    ben, ana = asking.gateway.perform(ReadCalls())
    assert (ana.state, ana.words, ana.sent_at, ben.state) == ("sent", "answered 200", asking.clock(), "waiting")


def test_whoever_is_killed_after_sending_leaves_a_call_that_goes_out_again_under_the_same_id(asking: Shop) -> None:
    asking.later(MINUTE)
    (first,) = take(asking)
    asking.later(LEASE_MS)

    (again,) = take(asking, "b")

    assert again.message == first.message and [row.id for row in again.rows] == [row.id for row in first.rows]
    assert finish(asking, again)


def test_a_decision_ends_what_was_not_sent_yet(asking: Shop) -> None:
    asking.later(MINUTE)
    (batch,) = take(asking)
    finish(asking, batch)
    asking.approve()
    asking.later(60 * MINUTE)

    assert take(asking) == ()
    assert {row.state for row in asking.gateway.perform(ReadCalls())} == {"sent", "over"}


def test_whoever_acknowledges_stops_the_calls_to_others(asking: Shop) -> None:
    asking.later(MINUTE)
    (batch,) = take(asking)
    finish(asking, batch)
    (group,) = asking.gateway.perform(ReadBoard(asking.clock())).shown
    ben = asking.person("ben")
    mark = Acknowledged(group.cause, ben.id, asking.clock() + 120 * MINUTE)
    asking.gateway.perform(RecordStoreEvent(ben, mark))
    asking.later(60 * MINUTE)

    assert take(asking) == ()


def test_a_channel_that_fails_is_tried_again_and_after_three_times_shown_to_people_until_it_works(asking: Shop) -> None:
    asking.later(MINUTE)
    for number in range(3):
        (batch,) = take(asking)
        finish(asking, batch, sent=False, words="no answer")
        assert len(_troubles(asking)) == (number == 2)
        assert take(asking) == ()
        asking.later(MINUTE)
    assert any("no answer" in group.detail for group in asking.gateway.perform(ReadBoard(asking.clock())).shown)

    (batch,) = [each for each in take(asking) if each.channel == "phone"]
    finish(asking, batch)

    assert _troubles(asking) == []


def test_rules_that_are_dropped_call_nobody_and_leave_no_trouble(asking: Shop) -> None:
    asking.later(MINUTE)
    for _ in range(3):
        for batch in take(asking):
            finish(asking, batch, sent=False, words="no answer")
        asking.later(MINUTE)
    adopt(asking, None)

    assert take(asking) == take(asking) == ()
    assert (_troubles(asking), asking.gateway.perform(ReadCalls())) == ([], ())


def test_only_an_approver_says_whom_to_call(shop: Shop) -> None:
    for who in (shop.person("cleo"), Principal(PrincipalKind.AGENT, "alfa", "r1", 1)):
        with pytest.raises(NotAllowed):
            shop.gateway.perform(RecordStoreEvent(who, CallsAdopted(PLAN, who.id, "me")))


def _troubles(shop: Shop) -> list[str]:
    with shop.store.reading() as at:
        return list(at.house().troubles)
