"""From where somebody calls is recorded of each claim, whichever connections the door keeps for their credential."""

from __future__ import annotations

import httpx

from gateway.shop import passphrase_of
from network.far import Caller, Far
from onloop.gateway.claims import ClaimTask
from onloop.machine.principal import NOBODY


def test_one_token_that_claims_from_two_addresses_is_recorded_at_both(far: Far) -> None:
    far.shop.begin(run="r2")
    far.shop.begin(run="r3")
    bearer = far.launcher()
    for number, address in enumerate(("127.0.0.1", "127.0.0.2", "127.0.0.1"), 1):
        way = httpx.HTTPTransport(verify=far.authority.trust, local_address=address, trust_env=False)
        with httpx.Client(base_url=far.url, transport=way, timeout=60) as client:
            got = Caller(client, bearer).ask(ClaimTask(NOBODY, f"agent:a{number}", "implementer"))
            assert got.status_code == 200, got.text

    hands = [far.shop.task(f"r{number}").hands["develop.implement"][0] for number in (1, 2, 3)]
    assert [hand.address for hand in hands] == ["127.0.0.1", "127.0.0.2", "127.0.0.1"]
    assert {hand.token for hand in hands} == {"launcher:farm"}


def test_a_persons_session_is_of_the_address_at_which_it_began(far: Far) -> None:
    line = far.line()
    line.person("ana", passphrase_of("ana"), typed=True)
    (session,) = line._sessions.values()
    line.close()

    here = far.caller().post("state", Onloop_Session=session)
    there = far.elsewhere().post("state", Onloop_Session=session)

    assert here.status_code == 200, here.text
    assert (there.status_code, there.json()["code"]) == (401, "session_lost")
