"""What a decision proves that comes over the network: A2 only where nobody who claims is at the person's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.letting_in import let_in
from gateway.network_callers import claimed, person_from, proved
from gateway.served import serving
from gateway.shop import Shop
from onloop.errors import NotAllowed
from onloop.home import Home
from onloop.machine.definition import Assurance
from support.steps import defined, develop, human, ship

FARM = "10.0.0.3"


def decided_from(
    durable: Shop, folder: Path, address: str, *, box_is_strong: bool = True, is_local: bool = False
) -> str:
    """What comes of an approval that asks for A2, by a person at an address: "A2", or why not."""
    durable.begin(defined(develop(), ship(human(assurance=Assurance.A2))))
    secret = let_in(durable)
    with serving(Home(folder / "store"), durable.clock, box_is_strong=box_is_strong) as (gateway, _):
        if is_local:
            agent = durable.claim()
        else:
            line = proved(gateway, "launcher", secret, FARM)
            agent = durable.agent(claimed(line, shop=durable)["ok"]["secret"])
            line.close()
        durable.submit(agent)
        durable.report()
        client, ana = person_from(gateway, durable, address=address)
        assert ana.voice is not None
        durable.gateway, before = client, durable.gateway
        try:
            durable.approve()
        except NotAllowed as no:
            return no.message
        finally:
            durable.gateway = before
            client.line.close()
    return durable.task().decisions[-1].assurance.value


def test_a_person_at_a_machine_on_which_nobody_works_proves_a2(durable: Shop, tmp_path: Path) -> None:
    assert decided_from(durable, tmp_path, "10.0.0.9") == "A2"


@pytest.mark.parametrize(
    ("address", "more", "why"),
    [
        (FARM, {}, "agents work at the address from which you call, 10.0.0.3"),
        ("127.0.0.1", {}, "you call from the gateway's own machine"),
        ("::1", {}, "you call from the gateway's own machine"),
        ("", {}, "nobody says from where you call"),
        ("10.0.0.9", {"box_is_strong": False}, "no verifier has shown of late"),
        ("10.0.0.9", {"is_local": True}, "agents work as the user who owns the store"),
    ],
)
def test_else_it_is_a1_and_says_why(
    address: str, more: dict[str, bool], why: str, durable: Shop, tmp_path: Path
) -> None:
    found = decided_from(durable, tmp_path, address, **more)

    assert "needs assurance A2, but you proved A1: " in found and why in found
