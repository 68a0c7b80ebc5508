"""Who somebody is, is the kernel's word or a credential's: never a name, a number or an address that they give."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.served import line_to, resident
from gateway.shop import LAUNCHER, Shop, passphrase_of
from onloop.errors import BadInput, NotAllowed, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.gateway.upkeep import KeepContent, RecordStoreEvent
from onloop.home import Home
from onloop.identity.own_key import make_own_key, own_proof
from onloop.identity.resolution import agent_from_token
from onloop.machine import commands as c
from onloop.machine.principal import Principal, verifier
from onloop.machine.store_state import Frozen
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import AskChallenge, ProveOwner
from onloop.remote.redacted_reading import RedactedReading
from onloop.store.rows import IdempotencyRecord, Job, StoreRow, Token
from onloop.views.queries.reads import ReadStoreState
from security.another_user import ONE, OTHER, admit, as_user, opened, passable_folder, told

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users may pass through."""
    with passable_folder() as folder:
        yield folder


# -- the gateway's own


def test_a_user_number_alone_makes_nobody_the_gateways_own(durable: Shop, tmp_path: Path) -> None:
    """The process that asks has the gateway's number, and that is all: as code of a gate's would."""
    home = Home(tmp_path / "store")
    durable.begin()
    with resident(home, durable.clock):
        (home.store / "own.key").rename(tmp_path / "put aside")
        line = Connection(home.socket, home.store)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        tries = {
            "take a job": lambda: gateway.perform(TakeJob(verifier("v"), 1, effects=False)),
            "report": lambda: gateway.perform(FreeJobs()),
            "keep": lambda: gateway.perform(KeepContent(b"x")),
            "start": lambda: gateway.perform(PerformCommand(LAUNCHER, "r1", c.Settle())),
            "be a person": lambda: gateway.perform(RecordStoreEvent(durable.person(), Frozen("all", "human:ana", ""))),
            "read the store": lambda: gateway.store.reading(),
        }
        outcomes = {name: told(act) for name, act in tries.items()}
        people = gateway.perform(ReadStoreState()).people.values()
        assert {p.stored_key + p.server_key for p in people} == {""}
        line.close()
    assert all(words.startswith("NotAllowed") for words in outcomes.values()), outcomes


@pytest.mark.parametrize("kind", [Token, IdempotencyRecord])
def test_what_another_user_reads_with_gives_no_row_that_holds_a_secret(durable: Shop, kind: type[StoreRow]) -> None:
    with durable.store.reading() as reading:
        mine = RedactedReading(reading, "user 1")
        with pytest.raises(NotAllowed, match="user 1 may not read"):
            mine.select(kind)
        with pytest.raises(NotAllowed, match="user 1 may not read"):
            mine.get(kind, "x")
        assert mine.select(Job) == []


def test_the_stores_secret_proves_once_and_only_what_it_answers(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        key = make_own_key(home.store)
        (home.store / "own.key").rename(tmp_path / "put aside")
        line = Connection(home.socket, home.store)
        first = line.ask(AskChallenge())
        for wrong in ("", "0" * 64, own_proof(key, "another"), own_proof(b"x" * 32, first)):
            with pytest.raises(NotAllowed, match="did not show that they can open the store"):
                line.ask(ProveOwner(wrong))
            first = line.ask(AskChallenge())
        line.ask(ProveOwner(own_proof(key, first)))
        with pytest.raises(NotAllowed):
            line.ask(ProveOwner(own_proof(key, first)))
        with pytest.raises(NotAllowed):
            line.ask(ProveOwner(own_proof(key, "")))
        line.close()


def test_the_stores_secret_is_private_and_nothing_else_is_taken_for_it(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    before = os.umask(0)
    try:
        key = make_own_key(home.store)
    finally:
        os.umask(before)
    assert (home.store / "own.key").stat().st_mode & 0o777 == 0o600
    assert (make_own_key(home.store), len(key)) == (key, 32)
    (home.store / "own.key").unlink()
    (home.store / "own.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Too many levels"):
        make_own_key(home.store)


@AS_ROOT
def test_root_without_the_secret_is_another_user(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    with resident(home, durable.clock):
        admit(home)
        assert as_user(ONE, "take_a_job", home).startswith("NotAllowed")
    assert os.getuid() == 0


# -- tokens


def test_a_token_belongs_to_the_user_who_claimed(durable: Shop) -> None:
    durable.begin()
    durable.claim()
    secret = durable.secrets["r1"]
    with durable.store.reading() as at:
        assert agent_from_token(at, secret, os.getuid()).task == "r1"
        with pytest.raises(NotAllowed, match=f"belongs to user {os.getuid()}, but user {ONE} presented it"):
            agent_from_token(at, secret, ONE)


@AS_ROOT
def test_another_users_token_opens_nothing_over_the_socket(durable: Shop, tmp_path: Path) -> None:
    home = opened(tmp_path)
    for run in ("r1", "r2"):
        durable.begin(run=run)
    with resident(home, durable.clock) as words:
        admit(home)
        claimed = as_user(ONE, "claimed", home, "r1", "implementer", "alfa")
        durable.secrets["r1"] = claimed
        own, other = (as_user(uid, "heartbeat", home, claimed) for uid in (ONE, OTHER))
        stolen = as_user(OTHER, "as_if", home, "r1", "alfa", "1")
    claims = [event for event in durable.log("r1") if event.name == "Claimed"]

    assert own.startswith("got ")
    assert other == f"NotAllowed: this ONLOOP_TOKEN belongs to user {ONE}, but user {OTHER} presented it"
    assert stolen == f"NotAllowed: user {OTHER} has not proved to be agent:alfa"
    assert [word for word in words if word.startswith("trouble")] == []
    logged = json.loads(claims[0].data)
    assert (logged["by"], logged["hand"]["uid"]) == (f"launcher:uid-{ONE}", ONE)


# -- people


def test_a_principal_that_is_spoken_of_is_not_one_that_has_proved_itself(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock):
        line = line_to(home)
        gateway = GatewayClient(line, ClientStore(line), durable.clock)
        gateway.person("ben", passphrase_of("ben"), typed=True)
        for who in (durable.person("ana"), Principal(durable.person().kind, "nobody")):
            with pytest.raises(NotAllowed, match=f"has not proved to be {who.id}"):
                gateway.perform(RecordStoreEvent(who, Frozen("all", who.id, "")))
        with pytest.raises((NotAllowed, BadInput, Unavailable)):
            gateway.perform(RecordStoreEvent(durable.person("ben"), Frozen("all", "human:ana", "")))
        line.close()
    assert [event.name for event in durable.log("house")].count("Frozen") == 0
