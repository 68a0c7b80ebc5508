"""A session reads, and nothing else: it begins with a proof, and ends with the person, the passphrase, or in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.network_callers import person_from, proved, refusal
from gateway.served import AdoptedLine, serving
from gateway.shop import CHEAP, Shop
from onloop.errors import NotAllowed
from onloop.gateway.credential_operations import MOST_SESSIONS, EndSession, MintSession, RecogniseSession
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.identity.network_credentials import SESSION_MS
from onloop.identity.passphrase import rekeyed
from onloop.machine.people import PersonRemoved, PersonRenamed
from onloop.machine.principal import PrincipalKind
from onloop.records import replace
from onloop.remote.network_access import NETWORK
from onloop.store.rows import ReadingSession


def begun(shop: Shop, name: str = "ana") -> str:
    """The secret of a new session of theirs."""
    return shop.gateway.perform(MintSession(shop.person(name))).secret


def test_a_session_reads_what_people_read_and_is_denied_whatever_changes_something(
    durable: Shop, tmp_path: Path
) -> None:
    durable.begin()
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        client, ana = person_from(gateway, durable)
        granted = client.perform(MintSession(ana))
        client.line.close()
        line = proved(gateway, "session", granted.secret)
        assert line.ask("task", task="r1")["ok"]["id"] == "r1"
        assert {event["name"] for event in line.ask("log", limit=50)["ok"]} >= {"Created", "PersonEnrolled"}
        before = len(durable.log())
        for name, kinds in NETWORK.items():
            if PrincipalKind.SESSION not in kinds:
                assert name not in {"task", "log", "board", "dossier"}
        for name in ("perform", "record", "take", "mint_session", "claim", "create"):
            assert "error" in line.ask(name, principal={"kind": "human", "name": "ana"}), name
        line.close()
    assert len(durable.log()) == before
    assert granted.expires == durable.clock() + SESSION_MS


def test_a_session_ends_in_time_by_hand_and_with_its_person(durable: Shop) -> None:
    late, ended, bens, renamed = begun(durable), begun(durable), begun(durable, "ben"), begun(durable, "cleo")
    by = durable.person()
    assert durable.gateway.perform(EndSession(ended)) and not durable.gateway.perform(EndSession(ended))
    durable.gateway.perform(RecordStoreEvent(by, PersonRemoved("ben", by.id, "left")))
    durable.gateway.perform(RecordStoreEvent(by, PersonRenamed("cleo", "clio", by.id)))

    for secret in (ended, bens, "onl_ses_never"):
        with pytest.raises(NotAllowed, match="this session has ended"):
            durable.gateway.perform(RecogniseSession(secret))
    assert durable.gateway.perform(RecogniseSession(renamed)).id == "session:cleo"
    durable.later(SESSION_MS)
    with pytest.raises(NotAllowed, match="this session has ended"):
        durable.gateway.perform(RecogniseSession(late))


def test_another_passphrase_ends_every_session_that_began_under_the_one_before(durable: Shop) -> None:
    secret, others = begun(durable), begun(durable, "ben")
    with durable.store.reading() as at:
        ana = at.house().people["ana"]
    durable.store.transact(
        lambda tx: tx.put_house(
            replace(tx.house(), people={**tx.house().people, "ana": rekeyed(ana, "another one entirely", CHEAP)})
        )
    )

    with pytest.raises(NotAllowed, match="this session has ended"):
        durable.gateway.perform(RecogniseSession(secret))
    assert durable.gateway.perform(RecogniseSession(others)).id == "session:ben"
    durable.store.transact(lambda tx: tx.put_house(replace(tx.house(), people={**tx.house().people, "ana": ana})))


def test_of_a_session_its_digest_is_kept_and_one_person_has_so_many(durable: Shop) -> None:
    first = begun(durable)
    for _ in range(MOST_SESSIONS):
        durable.later(1)
        begun(durable)

    with pytest.raises(NotAllowed, match="this session has ended"):
        durable.gateway.perform(RecogniseSession(first))
    with durable.store.reading() as at:
        rows = at.select(ReadingSession)
        assert len(rows) == MOST_SESSIONS and first not in str(rows)
    durable.later(SESSION_MS)
    begun(durable)
    with durable.store.reading() as at:
        assert len(at.select(ReadingSession)) == 1


def test_only_a_person_with_a_code_begins_one_and_whoever_has_the_secret_ends_it(durable: Shop, tmp_path: Path) -> None:
    secret = begun(durable)
    with serving(Home(tmp_path / "store"), durable.clock) as (gateway, _):
        anybody, reader = AdoptedLine(gateway), proved(gateway, "session", secret)
        asked = reader.ask("mint_session", principal={"kind": "human", "name": "ana"})
        assert refusal(asked)[0] == "not_allowed"
        assert anybody.ask("end_session", token=secret)["ok"] is True
        assert refusal(reader.ask("stamp")) == ("not_allowed", "this session has ended")
        anybody.close()
        reader.close()
