"""A passphrase is proved by messages from which nobody learns it, at a price that nobody but its owner can lower."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from gateway.served import line_to, resident
from gateway.shop import CHEAP, Shop, enrolled, passphrase_of
from onloop.errors import BadInput, NotAllowed
from onloop.gateway.service import Gateway, append_store_event
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.identity import scram
from onloop.identity.accounts import address_account
from onloop.identity.passphrase import Challenge, PersonProof, enrolment, recognised
from onloop.machine.definition import Assurance
from onloop.machine.store_state import PersonEnrolled, StoreState
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.fences.guess_limits import MOST_FROM_AFAR, Guesses
from security.relay import Relay, relayed

PASSPHRASE, BLIND, NONCE = "correct horse battery", b"\0" * 32, "n" * 32


def exchange(person: PersonEnrolled, passphrase: str) -> tuple[Challenge, scram.Exchange, scram.Keys]:
    """Both ends of an exchange, up to the proof, with a client who says this passphrase."""
    house = StoreState(people={person.name: person})
    asked = Challenge.begin(house, scram.client_first(person.name, NONCE), BLIND)
    demand = scram.demand_from(asked.demanded, NONCE, CHEAP)
    keys = scram.keys_from(scram.salted_password(passphrase, demand.salt, demand.cost))
    return asked, scram.Exchange(asked.first, asked.demanded, scram.client_final(demand.nonce, 0, 0)), keys


def test_the_proofs_are_rfc_5802s_computed_by_another_hand() -> None:
    asked, told, keys = exchange(enrolled("ana", ()), passphrase_of("ana"))
    salted = hashlib.scrypt(passphrase_of("ana").encode(), salt=b"\0", n=CHEAP, r=8, p=1, dklen=32)
    client = hmac.new(salted, b"Client Key", "sha256").digest()
    message = f"n=ana,r={NONCE},{asked.demanded},{told.final}".encode()
    signature = hmac.new(hashlib.sha256(client).digest(), message, "sha256").digest()
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature, strict=True))).decode()
    server = hmac.new(hmac.new(salted, b"Server Key", "sha256").digest(), message, "sha256").digest()

    assert told.proof(keys) == f"{told.final},p={proof}"
    answered = asked.answered(scram.final_from(told.proof(keys)))
    assert answered is not None
    assert answered[0] == f"v={base64.b64encode(server).decode()}"


def test_only_the_right_passphrase_answers_and_no_answer_fits_twice() -> None:
    asked, told, keys = exchange(enrolled("ana", ()), passphrase_of("ana"))
    wrong, said, guess = exchange(enrolled("ana", ()), "another")

    assert asked.answered(scram.final_from(told.proof(keys))) is not None
    assert wrong.answered(scram.final_from(said.proof(guess))) is None
    again, _, _ = exchange(enrolled("ana", ()), passphrase_of("ana"))
    assert again.answered(scram.final_from(told.proof(keys))) is None


def test_what_is_kept_can_neither_prove_a_person_nor_be_turned_into_what_can() -> None:
    """The stored key alone makes no proof: a thief of the store must still guess the passphrase."""
    person = enrolled("ana", ())
    asked, told, _ = exchange(person, "not known")
    stolen = scram.Keys(bytes.fromhex(person.stored_key), bytes.fromhex(person.stored_key), b"")

    assert asked.answered(scram.final_from(told.proof(stolen))) is None


def test_whoever_is_not_enrolled_is_asked_as_if_they_were_and_the_same_each_time() -> None:
    demands = [
        scram.demand_from(Challenge.begin(StoreState(), scram.client_first("eve", NONCE), BLIND).demanded, NONCE, 2)
        for _ in range(2)
    ]

    assert demands[0].salt == demands[1].salt and len(demands[0].salt) == 16
    assert {demand.cost for demand in demands} == {scram.LEAST_COST}


@pytest.mark.parametrize("cost", [2, 2**10, 2**14, 2**16, 2**21, 2**30])
def test_a_gateway_cannot_make_guessing_cheap_nor_a_proof_endless(cost: int) -> None:
    with pytest.raises(NotAllowed, match=f"N={cost},"):
        scram.demand_from(f"r={NONCE}{'s' * 32},s=AAAA,i={cost}", NONCE, scram.LEAST_COST)


@pytest.mark.parametrize("nonce", ["x" * 64, NONCE, f"{NONCE}short"])
def test_an_answer_to_another_question_is_none(nonce: str) -> None:
    with pytest.raises(NotAllowed, match="a nonce that was not sent"):
        scram.demand_from(f"r={nonce},s=AAAA,i={scram.LEAST_COST}", NONCE, scram.LEAST_COST)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "n,,",
        "n,,n=ana",
        "n,,n=ana,r=short",
        "y,,n=ana,r=" + NONCE,
        "n,,n=a,n=b,r=" + NONCE,
        "n,,n=a,r=" + "x" * 3000,
    ],
)
def test_a_first_message_that_is_none_is_refused_in_words(message: str) -> None:
    with pytest.raises(BadInput):
        scram.name_and_nonce(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "c=biws",
        "c=biws,r=x,a=0,u=0",
        "c=biws,r=x,a=-1,u=0,p=AAAA",
        "c=n,r=x,a=0,u=0,p=AAAA",
        "c=biws,r=x,a=0,u=0,p=*",
    ],
)
def test_a_final_message_that_is_none_is_refused_in_words(message: str) -> None:
    with pytest.raises(BadInput):
        scram.final_from(message)


def test_a_real_enrolment_costs_what_it_must_and_keeps_no_passphrase() -> None:
    person = enrolment("ana", (), "", PASSPHRASE, "launcher:init")

    assert (person.cost >= 2**17, person.verifier, len(bytes.fromhex(person.salt))) == (True, "", 16)
    assert PASSPHRASE not in repr(person)


def test_a_gateway_refuses_an_enrolment_at_which_guesses_are_cheap(durable: Shop) -> None:
    cheap = enrolment("zoe", (), "", PASSPHRASE, "human:ana", CHEAP)
    earlier = replace(cheap, cost=scram.LEAST_COST, verifier="ff" * 32)
    for event in (cheap, earlier, replace(cheap, stored_key="", server_key="")):
        with pytest.raises(NotAllowed, match="zoe's passphrase would be stored with scrypt"):
            durable.gateway.perform(RecordStoreEvent(durable.person("ana"), event))
    assert "zoe" not in durable.people()


def enrolled_earlier(durable: Shop) -> None:
    """Zoe is enrolled as an earlier onloop did it: with what scrypt gave at 2^14."""
    salted = scram.salted_password(PASSPHRASE, b"\1" * 16, scram.EARLIER_COST)
    event = PersonEnrolled("zoe", ("approvers",), "zoe@example.org", "01" * 16, salted.hex(), "launcher:init")
    durable.store.transact(lambda tx: append_store_event(tx, event, durable.clock(), "launcher:init"))


def person_of(durable: Shop, name: str) -> PersonEnrolled:
    with durable.store.reading() as at:
        return at.house().people[name]


def test_whoever_an_earlier_onloop_enrolled_is_moved_over_at_their_next_proof(durable: Shop, tmp_path: Path) -> None:
    enrolled_earlier(durable)
    home = Home(tmp_path / "store")
    with resident(home, durable.clock) as words:
        line = Connection(home.socket, home.store)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        with pytest.raises(NotAllowed, match="is wrong"):
            gateway.person("zoe", "a guess", typed=True)
        assert person_of(durable, "zoe").verifier
        assert gateway.person("zoe", PASSPHRASE, typed=True).id == "human:zoe"
        moved = person_of(durable, "zoe")
        assert gateway.person("zoe", PASSPHRASE, typed=True).id == "human:zoe"
        line.close()
    assert (moved.verifier, moved.cost >= 2**17, moved.by, moved.groups) == ("", True, "human:zoe", ("approvers",))
    assert person_of(durable, "zoe") == moved
    assert [word for word in words if "trouble" in word] == []


def test_by_the_file_they_are_moved_over_too(durable: Shop) -> None:
    enrolled_earlier(durable)
    gateway = Gateway(durable.store, durable.clock)

    assert gateway.person("zoe", PASSPHRASE, typed=True).id == "human:zoe"
    assert (person_of(durable, "zoe").verifier, person_of(durable, "zoe").cost >= 2**17) == ("", True)


def test_a_passphrase_never_goes_over_the_socket_nor_what_could_be_used_in_its_place(
    durable: Shop, tmp_path: Path
) -> None:
    home, seen = Home(tmp_path / "store"), Relay()
    with resident(home, durable.clock), relayed(home.socket, tmp_path / "relay" / "r.sock", seen) as path:
        line = Connection(path, home.store, Credentials(least_cost=CHEAP))
        GatewayClient(line, ClientStore(line), durable.clock).person("ana", passphrase_of("ana"), typed=True)
        line.close()
    keys = scram.keys_from(scram.salted_password(passphrase_of("ana"), b"\0", CHEAP))
    forms = [encode(key) for key in (keys.client, keys.stored, keys.server) for encode in (bytes.hex, _base64)]
    carried = b"".join(seen.carried).decode()

    assert "scram_final" in carried
    assert [form for form in (passphrase_of("ana"), *forms) if form in carried] == []


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_listener_that_does_not_know_the_person_is_found_out(durable: Shop, tmp_path: Path) -> None:
    """Whoever only says yes has no server key, and so no answer that fits."""
    home = Home(tmp_path / "store")

    def say_yes(answer: bytes) -> bytes:
        return answer.replace(b'"final": "v=', b'"final": "v=AAAA')

    with resident(home, durable.clock), relayed(home.socket, tmp_path / "r" / "r.sock", Relay(answers=say_yes)) as path:
        line = Connection(path, home.store, Credentials(least_cost=CHEAP))
        with pytest.raises(NotAllowed, match="is not the one that enrolled you"):
            line.person("ana", passphrase_of("ana"), typed=True)
        assert not line.can_speak_for("ana")
        line.close()


def test_five_guesses_a_minute_and_nobody_locks_another_out(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock) as words:
        line = line_to(home)
        for _ in range(5):
            with pytest.raises(NotAllowed, match="is wrong"):
                line.person("ana", "a guess", typed=True)
        for passphrase in ("a guess", passphrase_of("ana")):
            with pytest.raises(NotAllowed, match="got 5 passphrases for ana wrong") as no:
                line.person("ana", passphrase, typed=True)
            assert no.value.hint == "try again in 60 s"
        assert line.person("ben", passphrase_of("ben"), typed=True).id == "human:ben"
        durable.later(60_000)
        assert line.person("ana", passphrase_of("ana"), typed=True).id == "human:ana"
        line.close()
    assert [word for word in words if word.startswith("guesses")] == ["guesses: uid:0 ana"]


def test_another_users_guesses_are_counted_apart() -> None:
    guesses = Guesses(lambda: 0)
    for _ in range(5):
        with guesses.one("uid:1001", "ana"):
            pass
    with pytest.raises(NotAllowed), guesses.one("uid:1001", "ana"):
        pass
    with guesses.one("uid:1002", "ana") as right:
        right()


def test_whoever_has_many_addresses_guesses_no_more_often_and_locks_nobody_out_where_they_are_known() -> None:
    now, told = [0], list[str]()
    guesses = Guesses(lambda: now[0], lambda account, person: told.append(f"{account} {person}"))
    with guesses.one("address:10.0.0.4", "ana") as right:
        right()
    now[0] = 60_000
    for number in range(MOST_FROM_AFAR):
        with guesses.one(f"address:10.6.{number // 250}.{number % 250}", "ana"):
            pass
    with pytest.raises(NotAllowed, match=f"callers over the network got {MOST_FROM_AFAR} passphrases for ana wrong"):
        guesses.one("address:10.9.9.9", "ana").__enter__()
    assert told == ["address:10.9.9.9 ana"]
    for account, person in (("address:10.0.0.4", "ana"), ("uid:1000", "ana"), ("address:10.9.9.9", "ben")):
        with guesses.one(account, person) as right:
            right()


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("10.0.0.3", "address:10.0.0.3"),
        ("::ffff:10.0.0.3", "address:10.0.0.3"),
        ("::1", "address:::1"),
        ("2001:db8:1:2:aaaa::1", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "address:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("unix", "address:unix"),
    ],
)
def test_of_ipv6_a_network_is_one_caller(address: str, account: str) -> None:
    assert address_account(address) == account


def test_guesses_at_the_same_time_are_counted_before_they_are_looked_at() -> None:
    guesses, held = Guesses(lambda: 0), 0
    for _ in range(20):
        try:
            guesses.one("uid:1001", "ana").__enter__()
            held += 1
        except NotAllowed:
            pass
    assert held == 5


def test_a_clock_set_back_forgives_no_guess_and_locks_nobody_out_for_long() -> None:
    now = [10_000_000]
    guesses = Guesses(lambda: now[0])
    for _ in range(5):
        with guesses.one("uid:1", "ana"):
            pass
    now[0] = 0
    with pytest.raises(NotAllowed, match="wrong"), guesses.one("uid:1", "ana"):
        pass
    now[0] = 60_000
    with guesses.one("uid:1", "ana"):
        pass


@pytest.mark.parametrize(
    ("typed", "scripted", "is_apart", "level"),
    [
        (True, False, False, Assurance.A1),
        (True, False, True, Assurance.A2),
        (False, False, True, Assurance.A0),
        (True, True, True, Assurance.A0),
    ],
)
def test_no_more_is_recorded_than_was_proved(typed: bool, scripted: bool, is_apart: bool, level: Assurance) -> None:
    proof = PersonProof(typed=typed, at=7, uses=2, uid=1003, is_apart=is_apart)
    voice = recognised(StoreState(scripted=scripted), enrolled("ana", ()), proof).voice

    assert voice is not None
    assert (voice.assurance, voice.proved_at, voice.decided, voice.uid) == (level, 7, 2, 1003)
