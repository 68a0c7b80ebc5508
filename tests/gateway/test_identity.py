"""Who somebody is: passphrases prove people, tokens prove agents, and neither lies about in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.shop import CHEAP, Shop, enrolled
from onloop.errors import BadInput, NotAllowed, Refused
from onloop.gateway.claims import ClaimGranted
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.passphrase import enrolment, person_from_passphrase
from onloop.identity.resolution import agent_from_token, token_digest
from onloop.identity.scram import LEAST_COST
from onloop.machine import commands as c
from onloop.machine.definition import Assurance
from onloop.machine.principal import launcher
from onloop.machine.store_state import PersonEnrolled, StoreCreated, StoreState, evolve_store, fold_store
from onloop.records import replace
from onloop.store.rows import Token

PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def event() -> PersonEnrolled:
    return enrolment("ana", ("approvers",), "ana@example.org", PASSPHRASE, "launcher:init", CHEAP)


@pytest.fixture
def house(event: PersonEnrolled) -> StoreState:
    return fold_store([StoreCreated("s1", scripted=False), event])


def test_the_right_passphrase_proves_the_person_with_their_groups_and_address(house: StoreState) -> None:
    ana = person_from_passphrase(house, "ana", PASSPHRASE, typed=True)

    assert ana.id == "human:ana"
    assert ana.voice == c.Voice("human:ana", ("approvers",), Assurance.A1, "ana@example.org")


@pytest.mark.parametrize(("name", "passphrase"), [("ana", "wrong horse battery"), ("ana", ""), ("eve", PASSPHRASE)])
def test_a_wrong_passphrase_and_an_unknown_person_are_refused_in_the_same_words(
    house: StoreState, name: str, passphrase: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        person_from_passphrase(house, name, passphrase, typed=True)

    told = f"the passphrase for {name!r} is wrong, or nobody with that name is enrolled"
    assert (refused.value.message, refused.value.hint) == (told, "enrolled: ana")


def test_a_person_without_a_passphrase_on_record_cannot_be_anybody(house: StoreState) -> None:
    blank = evolve_store(house, PersonEnrolled("zoe", (), "", "00", "", "human:ana"))

    with pytest.raises(NotAllowed):
        person_from_passphrase(blank, "zoe", "", typed=True)


def test_only_a_passphrase_that_was_typed_proves_anything_beyond_a0(house: StoreState) -> None:
    scripted = evolve_store(house, StoreCreated("s1", scripted=True))
    proved = [
        person_from_passphrase(where, "ana", PASSPHRASE, typed=typed).voice
        for where, typed in ((house, True), (house, False), (scripted, True))
    ]

    assert [voice and voice.assurance for voice in proved] == [Assurance.A1, Assurance.A0, Assurance.A0]


def test_equal_passphrases_are_kept_under_different_salts_and_never_as_they_are(event: PersonEnrolled) -> None:
    other = enrolment("ben", (), "", PASSPHRASE, "human:ana", CHEAP)

    assert event.salt != other.salt and event.stored_key != other.stored_key and event.server_key != other.server_key
    assert PASSPHRASE not in repr((event, other))


@pytest.mark.parametrize("name", ["", "ana bob", "a" * 41, "ana\n", "human:ana", "../ana", "ana\u202e", "a,b"])
def test_a_name_that_would_confuse_people_or_paths_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be a person's name"):
        enrolment(name, (), "", PASSPHRASE, "human:ana")


def test_a_short_passphrase_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadInput, match="7 characters is too short") as refused:
        enrolment("ana", (), "", "hunter2", "human:ana")

    assert "hunter2" not in refused.value.message + refused.value.hint


def test_a_name_belongs_to_whoever_has_it(shop: Shop) -> None:
    before = shop.log()
    for name in ("ana", "ANA"):
        with pytest.raises(NotAllowed, match="'ana' is enrolled already"):
            shop.gateway.perform(
                RecordStoreEvent(shop.person("ben"), replace(enrolled("ana", ()), name=name, by="human:ben"))
            )
    assert shop.log() == before

    renewed = replace(enrolled("ana", ()), salt="01", by="human:ana", cost=LEAST_COST)
    shop.gateway.perform(RecordStoreEvent(shop.person("ana"), renewed))
    with shop.store.reading() as at:
        assert at.house().people["ana"].salt == "01"


def test_a_store_does_not_begin_twice(shop: Shop) -> None:
    with pytest.raises(Refused, match="already exists, as s1"):
        shop.gateway.perform(RecordStoreEvent(launcher("init"), StoreCreated("s2", scripted=True)))


def test_an_agents_secret_is_nowhere_in_the_store(durable: Shop, tmp_path: Path) -> None:
    durable.begin()
    agent = durable.claim()
    durable.ask(agent, "Which one?")
    secret = durable.secrets["r1"]
    files = [path for path in (tmp_path / "store").iterdir() if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)

    assert token_digest(secret).encode() in held
    assert secret.encode() not in held
    assert secret.removeprefix("onl_agt_").encode() not in held


def test_a_claim_can_be_printed_without_giving_its_secret_away(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()

    assert "onl_agt_" not in repr(ClaimGranted(shop.task(), shop.secrets["r1"], 0)) + repr(agent)


def test_a_token_names_its_agent_task_epoch_and_step(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()

    assert (agent.id, agent.task, agent.epoch, agent.step) == ("agent:alfa", "r1", 1, "develop.implement")


def test_a_token_that_was_never_given_out_is_nobodys(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    with shop.store.reading() as at:
        stored = at.select(Token)[0].digest

    for secret in ("", "onl_agt_guessed", stored, shop.secrets["r1"] + " "):
        with pytest.raises(NotAllowed, match="no longer valid"):
            shop.agent(secret)


def test_a_new_claim_makes_the_old_token_invalid(shop: Shop) -> None:
    shop.begin()
    first = shop.claim()
    secret = shop.secrets["r1"]
    shop.gateway.perform(PerformCommand(first, "r1", c.Release(first.id, first.epoch, c.ReleaseCause.STOPPED)))
    assert shop.agent(secret) == first

    shop.claim(agent="agent:bravo")

    with shop.store.reading() as at, pytest.raises(NotAllowed, match="no longer valid"):
        agent_from_token(at, secret)
    with pytest.raises(NotAllowed, match="held by agent:bravo under epoch 2"):
        shop.ask(first)
