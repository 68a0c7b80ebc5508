"""Whoever relays between an approver and the gateway can carry a decision, neither change, add nor repeat one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.served import message, resident
from gateway.shop import CHEAP, Shop, passphrase_of
from onloop.errors import NotAllowed, OnloopError
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.jobs import TakeJob
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.definition import Assurance
from onloop.machine.store_state import Frozen
from onloop.records import replace
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.store.codec import to_text
from onloop.store.rows import PinnedWorkflow
from security.relay import Relay, relayed

CHANGED = "was changed, inserted or repeated in transit"
DECIDING = frozenset({"perform", "record"})


@contextmanager
def through(shop: Shop, folder: Path, relay: Relay) -> Iterator[GatewayClient]:
    """An approver who has proved to be ana through the relay; she may not open the store, and is nobody's own."""
    home = Home(folder / "store")
    with (
        resident(home, shop.clock) as words,
        relayed(home.socket, folder / "relay" / "r.sock", relay) as path,
    ):
        line = Connection(path, home.store, Credentials(least_cost=CHEAP))
        (home.store / "own.key").rename(folder / "put aside")
        gateway = GatewayClient(line, ClientStore(line), shop.clock)
        gateway.person("ana", passphrase_of("ana"), typed=True)
        yield gateway
        line.close()
    assert [word for word in words if word.startswith("trouble")] == []


def asks(change: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Callable[[bytes], list[bytes]]:
    """A relay's way with what people ask; all else it carries."""

    def questions(message: bytes) -> list[bytes]:
        told = json.loads(message)
        if told["operation"] not in DECIDING:
            return [message]
        return [json.dumps(each).encode() for each in change(told)]

    return questions


def decided(shop: Shop, task: str = "r1") -> list[str]:
    return [event.name for event in shop.log(task) if event.name == "Decided"]


def waiting(shop: Shop) -> None:
    for run in ("r1", "r2"):
        shop.begin(run=run)
        shop.waiting(run)


def test_a_relay_can_carry_a_decision(durable: Shop, tmp_path: Path) -> None:
    waiting(durable)
    with through(durable, tmp_path, Relay()) as gateway:
        gateway.perform(PerformCommand(durable.person(), "r1", durable.approval()))
        gateway.perform(RecordStoreEvent(durable.person(), Frozen("run:r2", "human:ana", "look")))

    assert (decided(durable), decided(durable, "r2")) == (["Decided"], [])
    (decision,) = durable.task().decisions
    assert decision.proof_age_ms is not None


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(told: dict[str, Any]) -> None:
        place: Any = told
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_set("fields", "task", to="r2"), id="another task"),
        pytest.param(_set("fields", "command", 0, to="Reject"), id="another command"),
        pytest.param(_set("fields", "command", 1, "digest", to="f" * 64), id="another digest"),
        pytest.param(_set("fields", "command", 1, "note", to="merge it all"), id="a note"),
        pytest.param(_set("fields", "command", 1, "version", to=99), id="another version"),
        pytest.param(_set("fields", "command", 1, "voice", "groups", to=["leads"]), id="another group"),
        pytest.param(_set("fields", "principal", "name", to="ben"), id="another person"),
        pytest.param(_set("fields", "key", to="a key of mine"), id="another key"),
        pytest.param(_set("operation", to="heartbeat"), id="another operation"),
        pytest.param(_set("code", "n", to=2), id="another number"),
        pytest.param(_set("code", "n", to=True), id="a number that is none"),
        pytest.param(_set("code", "tag", to="0" * 64), id="a code of its own"),
        pytest.param(_set("code", to=None), id="no code"),
        pytest.param(_set("code", to=[1, "x"]), id="a code that is none"),
    ],
)
def test_a_relay_changes_nothing_of_a_decision(
    durable: Shop, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    def altered(told: dict[str, Any]) -> list[dict[str, Any]]:
        change(told)
        return [told]

    waiting(durable)
    with through(durable, tmp_path, Relay(asks(altered))) as gateway, pytest.raises(OnloopError):
        gateway.perform(PerformCommand(durable.person(), "r1", durable.approval()))

    assert (decided(durable), decided(durable, "r2")) == ([], [])


def test_a_relay_that_flips_any_byte_of_a_decision_gets_nothing_decided(durable: Shop, tmp_path: Path) -> None:
    """400 bytes, picked by dice that can be thrown again; where only the spelling changes, it is the same decision."""
    dice, messages = random.Random(7), list[bytes]()  # noqa: S311 - a test that can be repeated

    def flipped(message: bytes) -> list[bytes]:
        if b'"perform"' not in message:
            return [message]
        place = dice.randrange(len(message))
        other = message[:place] + bytes([message[place] ^ (1 << dice.randrange(7))]) + message[place + 1 :]
        messages.append(other)
        return [other if other.isascii() else message]

    waiting(durable)
    before = len(durable.log())
    with through(durable, tmp_path, Relay(flipped)) as gateway:
        for number in range(400):
            try:
                gateway.perform(
                    PerformCommand(durable.person(), "r2", c.Reject("no", "f" * 64, durable.voice(), f"no {number}"))
                )
            except NotAllowed:
                gateway.person("ana", passphrase_of("ana"), typed=True)
            except OnloopError:
                continue
    assert len(messages) == 400
    assert len(durable.log()) == before


def test_a_relay_says_no_decision_twice(durable: Shop, tmp_path: Path) -> None:
    waiting(durable)
    relay = Relay(asks(lambda told: [told, told, told]))
    with through(durable, tmp_path, relay) as gateway, pytest.raises(NotAllowed, match=CHANGED):
        gateway.perform(RecordStoreEvent(durable.person(), Frozen("run:r1", "human:ana", "look")))

    assert [event.name for event in durable.log("house")].count("Frozen") == 1


def test_a_relay_keeps_no_decision_for_later(durable: Shop, tmp_path: Path) -> None:
    """What it held back has a number that is over once the next one is asked, and a later proof has other keys."""
    held = list[dict[str, Any]]()

    def keep(told: dict[str, Any]) -> list[dict[str, Any]]:
        if not held:
            held.append(told)
            return [json.loads(message("jobs"))]
        return [told, held[0]]

    waiting(durable)
    with through(durable, tmp_path, Relay(asks(keep))) as gateway:
        with pytest.raises(OnloopError):
            gateway.perform(PerformCommand(durable.person(), "r1", durable.approval()))
        with pytest.raises(NotAllowed, match=CHANGED):
            gateway.perform(PerformCommand(durable.person(), "r2", durable.approval(task_id="r2")))
        gateway.person("ana", passphrase_of("ana"), typed=True)
        with pytest.raises(NotAllowed, match=CHANGED):
            gateway.perform(RecordStoreEvent(durable.person(), Frozen("run:r9", "human:ana", "")))
    assert (decided(durable), decided(durable, "r2")) == ([], ["Decided"])


def test_a_relay_swaps_no_two_decisions(durable: Shop, tmp_path: Path) -> None:
    first = list[dict[str, Any]]()

    def swap(told: dict[str, Any]) -> list[dict[str, Any]]:
        if not first:
            first.append(told)
            return []
        return [told, first[0]]

    waiting(durable)
    relay = Relay(asks(swap))
    with through(durable, tmp_path, relay) as gateway:
        gateway.line._patience = ()
        with pytest.raises(OnloopError):
            gateway.perform(PerformCommand(durable.person(), "r1", durable.approval()))
    assert (decided(durable), decided(durable, "r2")) == ([], [])


@pytest.mark.parametrize("name", ["ana", "ben"])
def test_a_relay_adds_no_decision_of_its_own(durable: Shop, tmp_path: Path, name: str) -> None:
    """It knows all that went over the line, as whom the approver stands there, and what would have to be said."""
    waiting(durable)
    approval = durable.approval(name, "r2")

    def add(told: dict[str, Any]) -> list[dict[str, Any]]:
        own = json.loads(json.dumps(told))
        fields = own["fields"]
        fields["principal"]["name"], fields["task"] = name, "r2"
        voice = fields["principal"]["voice"]
        fields["command"] = ["Approve", {"request": approval.request, "digest": approval.digest, "voice": voice}]
        return [own, told]

    relay = Relay(asks(add))
    with through(durable, tmp_path, relay) as gateway:
        gateway.perform(PerformCommand(durable.person(), "r1", durable.approval()))
    assert (decided(durable), decided(durable, "r2")) == (["Decided"], [])
    assert "error" in json.loads(relay.answered[-2])


def test_a_relay_does_not_become_the_approver_by_having_seen_the_proof(durable: Shop, tmp_path: Path) -> None:
    waiting(durable)
    relay = Relay()
    with through(durable, tmp_path, relay):
        proofs = [message for message in relay.carried if b"scram_" in message]
        replay = Relay(lambda message: [*proofs, message])
        with relayed(Home(tmp_path / "store").socket, tmp_path / "relay" / "again.sock", replay) as path:
            line = Connection(path, tmp_path / "store")
            client = GatewayClient(line, ClientStore(line), durable.clock)
            with pytest.raises(NotAllowed, match="has not proved to be human:ana"):
                client.perform(PerformCommand(durable.person(), "r1", durable.approval()))
            line.close()
    assert len(proofs) == 2
    assert decided(durable) == []


def test_what_a_person_is_comes_from_the_gateway_whatever_is_sent(durable: Shop, tmp_path: Path) -> None:
    """The approver's own program is believed no more: her groups, her level and her address are what was proved."""
    waiting(durable)
    with through(durable, tmp_path, Relay()) as gateway:
        loud = replace(durable.voice(), assurance=Assurance.A4, groups=("root",), email="boss@example.org")
        said = durable.approval()
        gateway.perform(PerformCommand(replace(durable.person(), voice=loud), "r1", replace(said, voice=loud)))
    assert durable.task().decisions[-1].assurance is Assurance.A1


def test_a_person_who_has_proved_themselves_is_not_the_gateways_own(durable: Shop, tmp_path: Path) -> None:
    waiting(durable)
    walked = durable.definition
    pinned = PinnedWorkflow(walked.digest, walked.name, "workflow: feature", to_text(walked))
    with through(durable, tmp_path, Relay()) as gateway:
        ana = durable.person()
        with pytest.raises(NotAllowed, match="may not take job"):
            gateway.perform(TakeJob(ana, 1_000, effects=True))
        with pytest.raises(NotAllowed, match="may not create"):
            gateway.perform(CreateRun(ana, (("r9", durable.creation(run="r9")),), pinned))
