"""Bytes over the socket: only what a lease's holder announced, and nobody waits for whoever stops in the middle."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.place import Place, at_the_socket, placed
from gateway.test_resident import said, ticked
from onloop.errors import BadInput, NotAllowed, OnloopError, Refused, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine import commands as c
from onloop.machine.operation import AnswerT, Operation
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import AnnounceWork, SubmitAnnounced
from onloop.remote.framing import LARGEST_RAW, LENGTH, Frames, Raw, framed, framed_raw
from onloop.remote.intake import MOST_AT_ONCE
from onloop.remote.line import ConnectionLost
from support.waiting import wait_for


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as made, at_the_socket(made) as elsewhere:
        yield elsewhere


def announced(place: Place, size: int = 10) -> Connection:
    """A line over which an agent has announced a bundle."""
    line = Connection(place.opened.home.socket, place.opened.home.store)
    client = GatewayClient(line, ClientStore(line), place.shop.clock)
    try:
        agent = client.perform(RecogniseAgent(place.shop.secrets["r1"]))
        line.ask(AnnounceWork(agent, "1" * 40, size))
    except OnloopError:
        line.close()
        raise
    return line


def arrivals(place: Place) -> int:
    return len(list((place.opened.home.store / "quarantine").glob("*")))


def test_bytes_and_questions_are_told_apart_however_they_arrive() -> None:
    frames = Frames(100)
    sent = framed('{"a": 1}') + framed_raw(b"{}") + framed_raw(b"") + framed("{}")
    found = [message for at in range(len(sent)) for message in frames.feed(sent[at : at + 1])]

    assert found == [b'{"a": 1}', b"{}", b"", b"{}"]
    assert [isinstance(message, Raw) for message in found] == [False, True, True, False]


@pytest.mark.parametrize("begin", [LENGTH.pack(101), LENGTH.pack(1 << 31 | LARGEST_RAW + 1)])
def test_a_frame_that_is_too_long_is_refused_by_its_length_alone(begin: bytes) -> None:
    with pytest.raises(BadInput, match="the message has"):
        list(Frames(100).feed(begin))


def test_bytes_that_nobody_announced_end_the_connection_with_a_word(place: Place) -> None:
    answers = said(place.opened.home, framed_raw(b"junk"))

    assert "the bytes were not announced" in str(answers)
    assert ticked(place.opened.home, place.shop) == 0


def test_nothing_is_announced_without_the_lease(place: Place) -> None:
    place.shop.gateway.perform(PerformCommand(place.agent, "r1", c.Fail(place.agent.id, place.agent.epoch, "no")))
    with pytest.raises((NotAllowed, Refused)):
        announced(place)
    assert arrivals(place) == 0


def test_who_asks_without_having_handed_in_is_refused(place: Place) -> None:
    line = Connection(place.opened.home.socket, place.opened.home.store)
    with pytest.raises(Refused, match="nothing was submitted"):
        line.ask(SubmitAnnounced(place.agent, "done"))
    line.close()


def test_whoever_stops_in_the_middle_holds_nobody_up_and_leaves_nothing(place: Place) -> None:
    lines = [announced(place) for _ in range(MOST_AT_ONCE)]
    for line in lines:
        line.send(b"half")
    with pytest.raises(Unavailable, match=f"{MOST_AT_ONCE} submissions of yours are under way"):
        announced(place)

    assert ticked(place.opened.home, place.shop) == 0
    assert place.opened.gateway.store.stamp()
    for line in lines:
        line.close()
    wait_for(lambda: arrivals(place) == 0, lambda: "what was half sent stays")
    place.commit()
    assert place.submit().submission is not None


def test_more_bytes_than_were_announced_end_the_connection_and_leave_nothing(place: Place) -> None:
    line = announced(place, 3)
    with pytest.raises((OnloopError, ConnectionLost)):
        line.send(b"four")
        line.ask(SubmitAnnounced(place.agent, "done"))
    line.close()
    wait_for(lambda: arrivals(place) == 0, lambda: "what was sent stays")


def test_the_answer_to_a_submission_that_was_lost_is_asked_for_again_and_it_happened_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, asked = place.commit(), list[str]()
    whole = Connection.ask

    def lossy(line: Connection, operation: Operation[AnswerT]) -> AnswerT:
        found = whole(line, operation)
        if isinstance(operation, SubmitAnnounced) and not asked:
            asked.append(operation.name)
            line.close()
            raise ConnectionLost("the answer")
        return found

    monkeypatch.setattr(Connection, "ask", lossy)
    now = place.submit().submission

    assert now is not None and now.head == head and asked == ["submit"]
    assert [event.name for event in place.shop.log()].count("Submitted") == 1


def test_half_a_length_is_no_message(place: Place) -> None:
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(place.opened.home.socket))
    made.sendall(b"\x80\x00")
    made.close()
    assert ticked(place.opened.home, place.shop) == 0
