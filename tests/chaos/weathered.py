"""What a storm begins with, and what must be true after it: the log is what the clients were told, and nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from chaos.claim_history import Act, Asked, faults_of
from gateway.shop import Clock, Shop
from onloop.access.opening import wall_clock
from onloop.machine.events import Claimed, LeaseEnded
from onloop.store.codec import event_from_text
from onloop.store.port import Store
from onloop.store.verification import verify
from support.steps import HOUR, defined, develop

MOST = 1_000_000


def begun(store: Store, count: int) -> list[str]:
    """Runs of one task each, which wait for the role `r`; their names."""
    shop = Shop(store, Clock(wall_clock()))
    definition = defined(develop(role="r", timeout_ms=24 * HOUR))
    names = [f"t{number}" for number in range(count)]
    for name in names:
        shop.begin(definition, run=name)
    return names


def check_told(store: Store, history: Sequence[Asked]) -> None:
    """Nothing that was acknowledged is lost, nothing is there twice, and one order explains every answer."""
    faults = faults_of(history)
    assert faults == [], faults[:3]
    claims, ends = Counter[tuple[str, int, str]](), Counter[tuple[str, int]]()
    with store.reading() as at:
        assert verify(at).problems == ()
        for recorded in at.log(limit=MOST):
            event = event_from_text(recorded.name, recorded.data)
            if isinstance(event, Claimed):
                claims[(recorded.task, event.epoch, event.agent)] += 1
            elif isinstance(event, LeaseEnded):
                ends[(recorded.task, event.epoch)] += 1
    done = [each for each in history if each.done]
    _same("claim", claims, Counter((each.task, each.epoch, each.agent) for each in done if each.act is Act.CLAIM))
    _same("release", ends, Counter((each.task, each.epoch) for each in done if each.act is Act.RELEASE))
    twice = [agent for agent, times in Counter(agent for _, _, agent in claims).items() if times > 1]
    assert twice == [], f"one request was granted twice: {twice[:3]}"


def _same(what: str, logged: Counter[Any], told: Counter[Any]) -> None:
    lost, unasked = list((told - logged).items())[:3], list((logged - told).items())[:3]
    assert lost == [], f"a {what} was acknowledged and is lost: {lost}"
    assert unasked == [], f"a {what} is in the log that nobody was told of, or twice: {unasked}"
