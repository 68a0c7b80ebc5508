"""Storms: gateways are killed, backends ended and connections cut, one after the other, while clients work."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from chaos.claim_history import Act, Asked
from chaos.gateways import GatewayProcess
from chaos.labourers import Gang
from chaos.weathered import check_told
from onloop.store.port import Store
from support.waiting import wait_for


def stormed(
    gateways: Sequence[GatewayProcess],
    gang: Gang,
    blows: int,
    strike: Callable[[random.Random], object],
    *,
    may_complain: bool = False,
) -> list[Asked]:
    """The history of a gang that has begun: `strike` comes so many times, each after somebody was answered again."""
    chance = random.Random(5)  # noqa: S311 - chance makes tests here
    for _ in range(blows):
        enough = gang.told + chance.randrange(1, 20)
        wait_for(lambda enough=enough: gang.told >= enough, lambda: _silent(gateways))  # type: ignore[misc]
        strike(chance)
    history = gang.end()
    for gateway in gateways:
        gateway.stop(may_complain=may_complain)
    return history


def killing(gateways: Sequence[GatewayProcess]) -> Callable[[random.Random], None]:
    """A gateway is killed, and started again."""

    def strike(chance: random.Random) -> None:
        unlucky = chance.choice(gateways)
        unlucky.kill()
        unlucky.start()

    return strike


def check_storm(history: Sequence[Asked], store: Store) -> None:
    """Clients were told and refused things, and the store tells the same of it as they do."""
    check_told(store, history)
    assert {each.act for each in history if each.done} == set(Act)


def _silent(gateways: Sequence[GatewayProcess]) -> str:
    return "nobody is answered: " + "\n".join(gateway.said for gateway in gateways)
