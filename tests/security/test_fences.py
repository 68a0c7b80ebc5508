"""What one user, and one task's agents, may have under way: each fence by itself, with no process and no clock."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway.shop import Shop
from onloop.errors import BadInput, Refused, Unavailable
from onloop.gateway import quota
from onloop.gateway.leases import PassOn
from onloop.gateway.quota import MOST_HELD as MOST_TASKS
from onloop.gateway.quota import HeldTasks
from onloop.remote.fences.user_limits import (
    BURST,
    FEW,
    MOST_HELD,
    MOST_OF_ONE,
    MOST_UNREAD,
    RATE,
    RESERVED,
    TURN_BYTES,
    TURN_REQUESTS,
    Queue,
    UserLimits,
)
from onloop.store.memory import MemoryStore

EVE, ANA, SERVICE = "uid:2001", "uid:2002", "uid:0"


@dataclass
class Asked:
    """A connection on which something was asked."""

    account: str
    due: int = 100
    waits_since: float = 0.0
    own: bool = False


def test_one_user_has_so_many_connections_and_another_still_gets_in() -> None:
    fences = UserLimits()
    for _ in range(MOST_OF_ONE):
        fences.admit(EVE, own=False)
    with pytest.raises(Unavailable, match=f"user 2001 has {MOST_OF_ONE} connections"):
        fences.admit(EVE, own=False)
    fences.admit(ANA, own=False)
    fences.leave(EVE, 0, 0)
    fences.admit(EVE, own=False)


def test_however_many_users_flood_whoever_has_few_connections_gets_in() -> None:
    fences = UserLimits()
    refused = 0
    for account in (f"address:10.0.0.{number}" for number in range(20)):
        for _ in range(MOST_OF_ONE):
            try:
                fences.admit(account, own=False)
            except Unavailable:
                refused += 1
    assert refused > RESERVED
    for _ in range(FEW):
        fences.admit(ANA, own=False)
    fences.admit(SERVICE, own=True)


def test_bytes_that_are_not_answered_yet_are_counted_over_all_connections_of_a_user() -> None:
    fences = UserLimits()
    for _ in range(8):
        fences.weigh(EVE, MOST_HELD // 8, 0, own=False)
    with pytest.raises(BadInput, match="user 2001 has sent"):
        fences.weigh(EVE, 1, 0, own=False)
    fences.weigh(ANA, MOST_HELD, 0, own=False)
    fences.weigh(EVE, -MOST_HELD // 2, 0, own=False)
    fences.weigh(EVE, 1, 0, own=False)


def test_a_turn_takes_a_portion_of_each_user_and_the_next_begins_with_another() -> None:
    fences = UserLimits()
    crowd = [Asked(EVE, waits_since=float(n)) for n in range(100)]
    one = Asked(ANA)

    first, more = fences.turn([*crowd, one], 1.0)
    again, _ = fences.turn([*crowd, one], 1.0)

    assert (first.count(one), len(first), more) == (1, TURN_REQUESTS + 1, True)
    assert {first[0].account, again[0].account} == {EVE, ANA}
    assert [asked.waits_since for asked in first if asked.account == EVE] == [float(n) for n in range(TURN_REQUESTS)]


def test_large_requests_take_turns_by_their_size() -> None:
    taken, more = UserLimits().turn([Asked(EVE, due=TURN_BYTES) for _ in range(9)], 1.0)
    assert (len(taken), more) == (1, True)


def test_a_user_is_served_at_a_rate_and_rests_after_a_burst() -> None:
    fences, crowd = UserLimits(), [Asked(EVE) for _ in range(TURN_REQUESTS)]
    served = sum(len(fences.turn(crowd, 1.0)[0]) for _ in range(100))
    assert served == int(BURST)
    assert fences.turn(crowd, 1.0) == ([], False)
    assert len(fences.turn(crowd, 1.0 + 10 / RATE)[0]) == 10
    assert len(fences.turn([Asked(SERVICE, own=True)] * 300, 1.0)[0]) == 300


def test_who_does_not_read_their_answers_is_asked_nothing_more() -> None:
    fences = UserLimits()
    fences.weigh(EVE, 0, MOST_UNREAD + 1, own=False)
    assert fences.turn([Asked(EVE)], 1.0) == ([], False)
    fences.weigh(EVE, 0, -2, own=False)
    assert len(fences.turn([Asked(EVE)], 1.0)[0]) == 1


def test_a_connection_that_becomes_another_accounts_is_counted_there_with_all_that_it_has_under_way() -> None:
    fences = UserLimits()
    fences.admit(EVE, own=False)
    fences.weigh(EVE, MOST_HELD, 1, own=False)
    fences.move(EVE, ANA, MOST_HELD, 1)
    fences.weigh(EVE, 1, 0, own=False)
    with pytest.raises(BadInput, match="user 2002 has sent"):
        fences.weigh(ANA, 1, 0, own=False)
    for _ in range(MOST_OF_ONE - 1):
        fences.admit(ANA, own=False)
    fences.admit(EVE, own=False)
    with pytest.raises(Unavailable, match=f"user 2002 has {MOST_OF_ONE} connections"):
        fences.move(EVE, ANA, 0, 0)


def test_users_of_whom_nothing_is_under_way_are_forgotten() -> None:
    fences = UserLimits()
    fences.admit(EVE, own=False)
    fences.forget_idle()
    assert EVE in fences._shares
    fences.leave(EVE, 0, 0)
    fences.forget_idle()
    assert fences._shares == {}


def test_what_is_done_aside_is_done_for_users_in_turn() -> None:
    queue: Queue[str] = Queue(size=3, each=2)
    for number in range(5):
        queue.put(EVE, f"eve {number}")
    queue.put(ANA, "ana")

    assert queue.take() == ["eve 0", "ana", "eve 1"]
    queue.done(ANA)
    assert queue.take() == [], "eve has two under way"
    queue.done(EVE)
    assert queue.take() == ["eve 2"]


@pytest.fixture
def shop() -> Shop:
    """A shop over memory."""
    return Shop(MemoryStore())


def test_the_agents_of_a_task_pass_on_so_much_and_no_more_whatever_leases_they_take(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "LARGEST_KEPT", 10_000)
    shop.begin()
    agent, texts = shop.claim(), 10
    for number in range(texts):
        shop.gateway.perform(PassOn(agent, b"%01000d" % number))
    with pytest.raises(Refused, match=f"have passed on {texts} texts"):
        shop.gateway.perform(PassOn(agent, b"one more"))
    assert shop.gateway.perform(PassOn(agent, b"%01000d" % 1)), "what is kept already costs nothing"
    shop.later(120_000)
    shop.want()
    shop.later(120_000)
    again = shop.claim("r1", "agent:bravo")
    with pytest.raises(Refused, match="have passed on"):
        shop.gateway.perform(PassOn(again, b"one more"))


def test_the_agents_of_one_user_hold_so_many_tasks_until_some_have_ended(shop: Shop) -> None:
    shop.fleet(MOST_TASKS + 1)
    held = HeldTasks()
    for number in range(1, MOST_TASKS + 1):
        with shop.store.reading() as at:
            held.check(EVE, at, shop.clock())
        agent = shop.claim(f"r1.{number}", f"agent:a{number}")
        held.note(EVE, f"r1.{number}", agent.epoch)
    with shop.store.reading() as at:
        with pytest.raises(Refused, match=f"user 2001 holds {MOST_TASKS} tasks"):
            held.check(EVE, at, shop.clock())
        held.check(ANA, at, shop.clock())
    shop.later(120_000)
    with shop.store.reading() as at:
        held.check(EVE, at, shop.clock())
