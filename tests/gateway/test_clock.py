"""A clock that jumps either way gives nobody back what they lost, and decides nothing in a person's place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import LAUNCHER, Shop
from onloop.errors import Exit, Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import FireTimers, RecordStoreEvent
from onloop.machine.definition import ExpireOutcome, Expiry
from onloop.machine.principal import Principal
from onloop.machine.store_state import Frozen
from onloop.machine.task import RequestKind
from onloop.store.memory import MemoryStore
from support.scenario import work
from support.steps import HOUR, MINUTE, SECOND, defined, develop, human, ship

JUMPS = st.integers(-3 * HOUR, 3 * HOUR)
DEEDS = st.sampled_from(("claim", "heartbeat", "ask", "submit", "report", "tick"))


@given(st.lists(st.tuples(JUMPS, DEEDS, st.integers(0, 5)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_clock_that_jumps_revives_no_lease_and_approves_nothing(story: list[tuple[int, str, int]]) -> None:
    gate = human(remind_ms=HOUR, expire=Expiry(2 * HOUR, ExpireOutcome.REJECT))
    shop = Shop(MemoryStore(), definition=defined(develop(), ship(gate)))
    shop.begin()
    agents: list[Principal] = []
    lost: set[int] = set()
    for jump, deed, which in story:
        shop.later(jump)
        agent = agents[which % len(agents)] if agents else None
        try:
            if deed == "claim":
                agents.append(shop.claim(agent=f"agent:a{len(agents)}"))
            elif deed == "tick":
                shop.gateway.perform(FireTimers())
            elif deed == "report":
                shop.report() if shop.task().awaited else None
            elif agent is not None:
                _do(shop, agent, deed)
                assert agent.epoch not in lost, f"{agent.id} acted under a lease that it had lost"
        except Refused:
            if agent is not None and deed == "heartbeat":
                lost.add(agent.epoch)
    log = shop.log("r1")
    assert [event.name for event in log if event.name == "Decided"] == []
    assert all(request.kind is not RequestKind.APPROVAL or request.opened_at for request in shop.task().requests)
    assert shop.task().step != "ship.merge" and not shop.task().decisions
    shop.check()


def _do(shop: Shop, agent: Principal, deed: str) -> None:
    if deed == "heartbeat":
        shop.gateway.perform(Heartbeat(agent, lease_ms=MINUTE))
    elif deed == "ask":
        shop.ask(agent)
    else:
        shop.submit(agent, work())


def test_a_lease_that_ran_out_in_a_freeze_stays_lost_though_the_clock_is_set_back(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.freeze()
    shop.later(MINUTE)
    shop.want()

    shop.later(-SECOND)

    with pytest.raises(Refused, match="no longer holds r1") as refused:
        shop.gateway.perform(Heartbeat(agent))
    assert refused.value.exit is Exit.NOT_YOURS
    shop.unfreeze()
    with pytest.raises(Refused, match="held by nobody"):
        shop.ask(agent)


def test_a_claims_key_that_was_refused_once_stays_so_though_the_clock_is_set_back(shop: Shop) -> None:
    shop.begin()
    taken = shop.gateway.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer", key="k" * 16))
    shop.secrets["r1"] = taken.secret
    for jump in (MINUTE, -SECOND):
        shop.later(jump)

        with pytest.raises(Refused, match="has ended"):
            shop.gateway.perform(ClaimTask(LAUNCHER, "agent:alfa", "implementer", key="k" * 16))

    assert shop.task().holder is None


def test_an_agent_whose_lease_ran_out_freezes_nothing(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    frozen = Frozen("task:r1", agent.id, "look first")
    for jump in (MINUTE, -SECOND):
        shop.later(jump)
        shop.want()

        with pytest.raises(Refused, match="no longer holds r1"):
            shop.gateway.perform(RecordStoreEvent(agent, frozen))

    assert shop.task().holder is None
