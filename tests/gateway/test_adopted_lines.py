"""Connections that are handed to a resident gateway: of callers over the network, for whom no kernel vouches."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateway.served import AdoptedLine, serving, starting
from gateway.shop import CHEAP, Shop
from onloop.gateway.operations import OPERATIONS
from onloop.home import Home
from onloop.identity import scram
from onloop.identity.accounts import NETWORK_UID
from onloop.records import replace
from onloop.remote.fences.guess_limits import MOST_GUESSES
from onloop.remote.fences.user_limits import MOST_OF_ONE
from onloop.remote.network_access import OPENING
from onloop.remote.server import GatewayServer
from onloop.store.port import Transaction
from onloop.store.rows import Token
from support.waiting import DEADLINE_S, wait_for


def given_over_the_network(shop: Shop) -> str:
    """The secret of an agent whose task was claimed over the network."""
    shop.begin()
    shop.claim()

    def moved(tx: Transaction) -> None:
        (token,) = tx.select(Token, task="r1")
        tx.put(replace(token, uid=NETWORK_UID))

    shop.store.transact(moved)
    return shop.secrets["r1"]


def refusal(answer: dict[str, object]) -> tuple[object, str]:
    """The code of an error, and its words."""
    error = answer.get("error", {})
    assert isinstance(error, dict), answer
    return error.get("code"), str(error.get("message", ""))


def guess(line: AdoptedLine) -> str:
    """What is said to somebody who gets ana's passphrase wrong."""
    demanded = line.ask("scram_first", message=scram.client_first("ana", "n" * 24))["ok"]
    nonce = scram.demand_from(demanded, "n" * 24, CHEAP).nonce
    proof = base64.b64encode(b"\0" * 32).decode()
    return refusal(line.ask("scram_final", message=f"{scram.client_final(nonce, 0, 0)},p={proof}", typed=True))[1]


def test_a_caller_over_the_network_who_proved_nothing_may_ask_only_what_proves_it(
    durable: Shop, tmp_path: Path
) -> None:
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, words):
        line = AdoptedLine(gateway)
        for name in ("stamp", "state", "fire_timers", "challenge", "board", "free_jobs"):
            assert refusal(line.ask(name, **({"now": 0} if name == "board" else {})))[0] == "not_allowed", name
        line.close()
    assert words[1:] == []
    assert OPENING & OPERATIONS.keys() >= {"agent", "scram_first", "scram_final"}
    with durable.store.reading() as at:
        assert {burst.peer for burst in at.house().denials.values()} == {"address:10.0.0.3"}


def test_a_token_works_only_on_the_side_of_the_network_on_which_its_task_was_claimed(
    durable: Shop, tmp_path: Path
) -> None:
    durable.begin(run="r2")
    durable.claim("r2")
    secret = given_over_the_network(durable)
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        line = AdoptedLine(gateway)
        assert refusal(line.ask("agent", token=durable.secrets["r2"])) == (
            "not_allowed",
            "this ONLOOP_TOKEN was given out on the other side of the network",
        )
        assert line.ask("agent", token=secret)["ok"]["task"] == "r1"
        assert "ok" in line.ask("agent", token=secret, uid=0), "what a caller says of themselves counts for nothing"
        line.close()


def test_what_an_account_has_open_is_bounded_and_who_proves_an_agent_is_counted_as_that_agent(
    durable: Shop, tmp_path: Path
) -> None:
    secret = given_over_the_network(durable)
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, words):
        lines = [AdoptedLine(gateway) for _ in range(MOST_OF_ONE)]
        assert "ok" in lines[0].ask("agent", token=secret)
        lines.append(AdoptedLine(gateway))
        assert "ok" in lines[-1].ask("agent", token=secret)
        lines += [AdoptedLine(gateway), AdoptedLine(gateway), AdoptedLine(gateway)]
        code, said = refusal(lines[-1].answer())
        assert (code, said) == (
            "unavailable",
            f"somebody at 10.0.0.3 has {MOST_OF_ONE} connections, and {MOST_OF_ONE} is the most",
        )
        assert lines[-1].answer() == {}
        other = AdoptedLine(gateway, "address:10.0.0.4")
        assert "ok" in other.ask("agent", token=secret)
        for line in (*lines, other):
            line.close()
    assert words[1:] == []


def test_who_guesses_over_the_network_locks_out_their_own_address_and_nobody_elses(
    durable: Shop, tmp_path: Path
) -> None:
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, words):
        eve, ana = AdoptedLine(gateway, "address:10.6.6.6"), AdoptedLine(gateway, "address:10.0.0.4")
        told = [guess(eve) for _ in range(MOST_GUESSES + 1)]
        assert ["is wrong" in said for said in told] == [True] * MOST_GUESSES + [False]
        assert told[-1] == f"somebody at 10.6.6.6 got {MOST_GUESSES} passphrases for ana wrong"
        assert "is wrong" in guess(ana)
        eve.close()
        ana.close()
    assert words[1:] == ["guesses: address:10.6.6.6 ana"]


def test_a_socket_that_comes_too_late_is_closed_at_once(durable: Shop, tmp_path: Path) -> None:
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        early = AdoptedLine(gateway)
        assert refusal(early.ask("stamp"))[0] == "not_allowed"
    late = AdoptedLine(gateway)
    assert (early.answer(), late.answer()) == ({}, {})
    early.close()
    late.close()


def test_whatever_is_adopted_while_the_gateway_ends_is_served_or_closed(durable: Shop, tmp_path: Path) -> None:
    answered = list[dict[str, object]]()

    def adopt(gateway: GatewayServer, account: str, stopped: Callable[[], bool]) -> None:
        after = 0
        while after < 5:
            after += stopped()
            line = AdoptedLine(gateway, account)
            answered.append(line.ask("stamp"))
            line.close()

    with starting(Home(tmp_path / "store"), durable.clock) as gateway, ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(adopt, gateway.server, f"address:10.0.0.{number}", gateway.running.done) for number in range(4)
        ]
        wait_for(lambda: len(answered) > 40, lambda: "nothing is adopted")
        gateway.stop.set()
        for each in running:
            each.result(DEADLINE_S)
    assert gateway.running.result() is True
    assert {refusal(answer)[0] for answer in answered} == {"not_allowed", None}
