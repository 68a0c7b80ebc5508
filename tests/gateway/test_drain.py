"""A gateway that is told to stop: nobody is let in any more, and what is under way ends."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.served import AdoptedLine, line_to, starting
from gateway.shop import Shop
from onloop.errors import Unavailable
from onloop.home import Home
from onloop.remote import server
from onloop.remote.connection_operations import AnnounceWork, ReadChanges
from onloop.remote.line import ConnectionLost
from onloop.remote.server import Adopt
from onloop.views.changes import NOT_ASKED, Changes
from support.waiting import DEADLINE_S, wait_for


@dataclass
class Slow:
    """An answer that is under way until it is let go."""

    begun: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def changes(self, _: str) -> Changes:
        """Wait, and answer."""
        self.begun.set()
        assert self.goes_on.wait(DEADLINE_S)
        return NOT_ASKED


@dataclass
class Gate:
    """A door of the test's; what was asked of it, in order."""

    adopt: Adopt | None = None
    said: list[str] = field(default_factory=list)
    has_ended: threading.Event = field(default_factory=threading.Event)
    url: str = "test:"

    def start(self) -> None:
        """See Door."""
        self.said.append("start")

    def stop(self, drain_s: float) -> None:
        """See Door."""
        self.said.append("stop")
        assert self.has_ended.wait(drain_s)


def test_what_is_under_way_ends_and_nobody_else_is_let_in(durable: Shop, tmp_path: Path) -> None:
    home, slow = Home(tmp_path / "store"), Slow()
    with starting(home, durable.clock, slow.changes) as gateway, ThreadPoolExecutor(1) as pool:
        busy, idle = line_to(home), line_to(home)
        idle.connect()
        asked = pool.submit(busy.ask, ReadChanges("r1"))
        assert slow.begun.wait(DEADLINE_S)
        gateway.stop.set()
        wait_for(lambda: not home.socket.exists(), lambda: "it still listens")
        with pytest.raises(ConnectionLost):
            idle.ask(ReadChanges("r1"))
        with pytest.raises(Unavailable, match="no gateway answers"):
            line_to(home).connect()
        assert not gateway.running.done()
        slow.goes_on.set()
        assert asked.result(DEADLINE_S) == NOT_ASKED
        assert gateway.running.result(DEADLINE_S) is True
        busy.close()
    assert gateway.words == [f"serving {home.name} at {home.socket}"]


def test_what_does_not_end_in_time_is_left_and_said(
    durable: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "DRAIN_S", 0.1)
    home, slow = Home(tmp_path / "store"), Slow()
    with starting(home, durable.clock, slow.changes) as gateway, ThreadPoolExecutor(1) as pool:
        line = line_to(home)
        asked = pool.submit(line.ask, ReadChanges("r1"))
        assert slow.begun.wait(DEADLINE_S)
        gateway.stop.set()
        assert gateway.running.result(DEADLINE_S) is False
        with pytest.raises(ConnectionLost):
            asked.result(DEADLINE_S)
        slow.goes_on.set()
        line.close()
    assert gateway.words[1:] == ["1 requests have not ended in 0.1 s: whoever asked them is to ask again"]


def test_who_is_handing_in_is_told_that_the_gateway_stops(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    durable.begin()
    agent = durable.claim()
    with starting(home, durable.clock) as gateway:
        line = line_to(home)
        line.ask(AnnounceWork(agent, "a" * 40, bundle=2_000_000))
        line.send(b"x" * 1_000_000)
        gateway.stop.set()
        assert gateway.running.result(DEADLINE_S) is True
        with pytest.raises(Unavailable, match="the gateway stops"):
            line.send(b"x" * 1_000_000)
        line.close()
    assert list(home.quarantine.iterdir()) == []


def test_another_door_is_stopped_first_and_its_callers_are_served_until_it_has(durable: Shop, tmp_path: Path) -> None:
    home, gate = Home(tmp_path / "store"), Gate()

    def door(adopt: Adopt) -> Gate:
        gate.adopt = adopt
        return gate

    with starting(home, durable.clock, door=door) as gateway:
        caller = AdoptedLine(gateway.server)
        assert gate.said == ["start"]
        gateway.stop.set()
        wait_for(lambda: gate.said == ["start", "stop"], lambda: "the door is not stopped")
        assert caller.ask("stamp")["error"]["code"] == "not_allowed"
        late = AdoptedLine(gateway.server)
        assert late.ask("stamp")["error"]["code"] == "not_allowed"
        gate.has_ended.set()
        assert gateway.running.result(DEADLINE_S) is True
        assert caller.answer() == late.answer() == {}
        caller.close()
        late.close()


def test_a_door_that_cannot_listen_keeps_the_gateway_from_serving(durable: Shop, tmp_path: Path) -> None:
    home = Home(tmp_path / "store")

    class Taken(Gate):
        def start(self) -> None:
            raise Unavailable("127.0.0.1:1 is taken", hint="choose another port")

    with (
        starting(home, durable.clock, door=lambda _: Taken()) as gateway,
        pytest.raises(Unavailable, match="is taken"),
    ):
        gateway.running.result(DEADLINE_S)
    assert not home.socket.exists()
