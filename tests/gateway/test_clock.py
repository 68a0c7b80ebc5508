"""A clock that jumps either way gives nobody back what they lost, and decides nothing in a person's place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.errors import Refused
from onloop.gateway.identity import Principal
from onloop.machine.definition import ExpireOutcome, Expiry
from onloop.machine.task import RequestKind
from onloop.store.memory import MemoryStore
from scenario import (
    work,
)
from steps import HOUR, MINUTE, defined, develop, human, ship

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
                shop.gateway.tick()
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
        shop.gateway.heartbeat(agent, lease_ms=MINUTE)
    elif deed == "ask":
        shop.ask(agent)
    else:
        shop.submit(agent, work())
