"""What one caller may have under way, so that nobody keeps others, people least of all, from the gateway."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from onloop.errors import BadInput, Unavailable
from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits, DoorSettings, door_settings
from onloop.remote.http.entry.door_rates import Allowance, Places
from remote_http.conftest import OpenDoor, opened
from remote_http.scripted_gateway import OTHER_TOKEN, SESSION_TOKEN, TOKEN, ScriptedGateway, ScriptedLine
from remote_http.test_bad_requests import post
from support.waiting import wait_for


@contextmanager
def held_up(gateway: ScriptedGateway) -> Iterator[threading.Event]:
    """Nothing is answered to `task` before the event."""
    go = threading.Event()

    def wait(_line: ScriptedLine, _asked: object) -> dict[str, object]:
        go.wait()
        return {"ok": None}

    gateway.does["task"] = wait
    try:
        yield go
    finally:
        go.set()


@contextmanager
def under_way(door: OpenDoor, gateway: ScriptedGateway, token: str, count: int) -> Iterator[list[int]]:
    """So many requests that are not answered yet; the statuses that they get in the end."""
    statuses: list[int] = []

    def ask() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=door.url, headers=headers, trust_env=False, timeout=60) as client:
            statuses.append(client.post("/v1/task", json={}).status_code)

    with held_up(gateway) as go:
        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
        wait_for(
            lambda: door.figure("onloop_http_requests_in_progress") + len(statuses) == count, lambda: str(statuses)
        )
        yield statuses
        go.set()
        for thread in threads:
            thread.join()


def test_requests_of_one_credential_go_over_a_few_lines_and_few_may_wait(gateway: ScriptedGateway) -> None:
    limits = replace(DoorLimits(), lines_of_one=2, waiting_of_one=3)
    with opened(gateway.adopt, limits) as door:
        with under_way(door, gateway, TOKEN, 8) as statuses:
            assert len(gateway.network_lines()) == 2
            wait_for(lambda: len(statuses) >= 3, lambda: str(statuses))
            assert statuses == [429] * 3
            assert door.client(OTHER_TOKEN).post("/v1/board", json={}).status_code == 200
        assert sorted(statuses) == [200] * 5 + [429] * 3


def test_people_have_room_where_machines_have_taken_the_rest(gateway: ScriptedGateway) -> None:
    limits = replace(DoorLimits(), requests=6, requests_kept=2, lines_of_one=10)
    with opened(gateway.adopt, limits) as door:
        person, agent = door.client(SESSION_TOKEN), door.client(OTHER_TOKEN)
        stranger = door.client("onl_ses_" + "z" * 40)
        assert person.post("/v1/board", json={}).status_code == 200
        with under_way(door, gateway, TOKEN, 4):
            assert agent.post("/v1/board", json={}).status_code == 503
            assert stranger.post("/v1/board", json={}).status_code == 503
            assert person.post("/v1/board", json={}).status_code == 200
            assert agent.get("/healthz").status_code == 200


def test_requests_of_one_credential_have_a_rate_and_anothers_have_theirs(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), rate=0.001, burst=3.0)) as door:
        statuses = [door.client().post("/v1/task", json={}) for _ in range(4)]

        assert [answer.status_code for answer in statuses] == [200, 200, 200, 429]
        assert int(statuses[3].headers["retry-after"]) > 900
        assert door.client(OTHER_TOKEN).post("/v1/task", json={}).status_code == 200


def test_who_tries_credentials_is_stopped_and_who_has_one_is_not(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), failures=0.001, failure_burst=3.0)) as door:
        assert door.client().post("/v1/task", json={}).status_code == 200
        guesses = [door.client(f"onl_agt_{'x' * 39}{n}").post("/v1/task", json={}).status_code for n in range(5)]

        assert guesses == [401, 401, 401, 429, 429]
        assert gateway.asked_names().count("agent") == 4
        assert door.client().post("/v1/task", json={}).status_code == 200


def test_who_reads_large_answers_slowly_is_asked_nothing_more_for_and_others_are(gateway: ScriptedGateway) -> None:
    gateway.does["output"] = lambda _line, _asked: {"ok": "x" * 8_000_000}
    limits = replace(DoorLimits(), unread=20_000_000, unread_of_one=12_000_000, unread_s=60.0)
    with opened(gateway.adopt, limits) as door, ExitStack() as stack:
        for token, count in ((TOKEN, 1), (TOKEN, 2), (OTHER_TOKEN, 3)):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", door.door.port)))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.sendall(post(door, f"Authorization: Bearer {token}", path="/v1/output"))
            wait_for(partial(is_under_way, door, count), lambda: "it is not sent")
            if count == 2:
                assert door.client().post("/v1/board", json={}).status_code == 429
                assert door.client(OTHER_TOKEN).post("/v1/board", json={}).status_code == 200
        assert door.client(SESSION_TOKEN).post("/v1/board", json={}).status_code == 429
        assert door.client().get("/healthz").status_code == 200


def is_under_way(door: OpenDoor, count: int) -> bool:
    return door.figure("onloop_http_unread_bytes") >= count * 8_000_000


def test_a_stranger_sends_nothing_more_before_they_are_known(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt) as door, socket.create_connection(("127.0.0.1", door.door.port)) as line:
        stranger = f"Authorization: Bearer onl_agt_{'z' * 40}"
        line.sendall(post(door, stranger, "Content-Length: 1000", body=b"{"))
        assert line.recv(65_536).startswith(b"HTTP/1.1 401 ")

        assert door.client(None).post("/v1/scram_first", json={"message": "x" * 5_000}).status_code == 413


def test_sessions_of_one_address_are_counted_and_end_where_nobody_proves_anything(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), sessions_of_one=2, session_unproved_s=0.3)) as door:
        client = door.client(None)

        def begin() -> int:
            return client.post("/v1/scram_first", json={"message": "n"}).status_code

        assert [begin(), begin(), begin()] == [200, 200, 429]
        wait_for(lambda: begin() == 200, lambda: "they are kept for ever")


def test_whoever_only_begins_sessions_keeps_nobody_out(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), sessions=3)) as door:
        client = door.client(None)
        sessions = [client.post("/v1/scram_first", json={}).headers["onloop-session"] for _ in range(2)]
        proved = client.post("/v1/scram_final", json={}, headers={"Onloop-Session": sessions[0]})
        begun = [client.post("/v1/scram_first", json={}).status_code for _ in range(4)]
        kept = client.post("/v1/board", json={}, headers={"Onloop-Session": sessions[0]})
        lost = client.post("/v1/scram_final", json={}, headers={"Onloop-Session": sessions[1]})

    assert (proved.status_code, begun, kept.status_code) == (200, [200] * 4, 200)
    assert (lost.status_code, lost.json()["code"]) == (401, "session_lost")


def test_lines_that_nobody_uses_are_closed(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), line_idle_s=0.1)) as door:
        door.client().post("/v1/task", json={})
        (line,) = gateway.network_lines()

        wait_for(lambda: line.end.fileno() < 0, lambda: "it is kept")


def test_where_there_are_too_many_lines_the_idlest_makes_room(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), lines=2)) as door:
        for letter in "abc":
            token = f"onl_agt_{letter * 40}"
            gateway.valid.add(token)
            assert door.client(token).post("/v1/task", json={}).status_code == 200
        assert door.figure("onloop_http_lines") == 2


def test_connections_of_one_address_are_counted(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), connections_of_one=3)) as door, ExitStack() as stack:
        for _ in range(3):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", door.door.port)))
            line.sendall(b"GET")
        one_more = stack.enter_context(socket.create_connection(("127.0.0.1", door.door.port)))

        assert one_more.recv(1) == b""


def test_places_are_kept_for_those_who_are_favoured() -> None:
    places = Places(most=3, of_one=2, kept=1)

    assert [places.take("a"), places.take("a"), places.take("a")] == [True, True, False]
    assert [places.take("b"), places.take("b", favoured=True)] == [False, True]
    places.leave("a")
    assert (places.taken, places.of("a"), places.take("a", favoured=True)) == (2, 1, True)


def test_an_allowance_comes_back_with_time_and_is_forgotten_once_it_is_whole() -> None:
    allowance = Allowance(rate=2.0, burst=2.0)
    for _ in range(2):
        assert allowance.wait_s("a", 10.0) == 0
        allowance.spend("a", 10.0)

    assert allowance.wait_s("a", 10.0) == pytest.approx(0.5)
    assert allowance.wait_s("b", 10.0) == 0
    assert allowance.wait_s("a", 10.5) == 0
    allowance.forget_rested(11.0)
    assert allowance.wait_s("a", 0.0) == 0


@pytest.mark.parametrize(
    ("listen", "more", "words"),
    [
        ("0.0.0.0:8443", {}, "nothing would be encrypted"),
        ("[::]:8443", {}, "nothing would be encrypted"),
        ("192.0.2.1:80", {}, "nothing would be encrypted"),
        ("gateway.example:80", {}, "is not an address and a port"),
        ("127.0.0.1", {}, "is not an address and a port"),
        ("127.0.0.1:x", {}, "is not a port"),
        ("127.0.0.1:65536", {}, "is not a port"),
        ("127.0.0.1:1", {"certificate": "a.pem"}, "belong together"),
        ("127.0.0.1:1", {"public": ["gateway.example"]}, "is not the URL of a host"),
        ("127.0.0.1:1", {"public": ["https://gateway.example/v1"]}, "is not the URL of a host"),
        ("127.0.0.1:1", {"public": ["https://gateway.example:x"]}, "is not the URL of a host"),
        ("127.0.0.1:1", {"proxies": ["proxy.example"]}, "is not an IP address"),
    ],
)
def test_what_cannot_be_listened_at_is_refused_in_words(listen: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        door_settings(listen, **more)


def test_what_is_listened_at_is_spelled_in_one_way() -> None:
    found = door_settings(
        "localhost:0", certificate="a", key="b", public=["https://Gateway.example:443/"], proxies=["::1"]
    )

    assert (found.host, found.port, found.scheme) == ("127.0.0.1", 0, "https")
    assert (found.public, found.proxies) == (("https://gateway.example",), ("::1",))
    assert door_settings("[::1]:8443").host == "::1"


def test_an_address_that_is_taken_is_refused_in_words(gateway: ScriptedGateway, door: OpenDoor) -> None:
    settings = DoorSettings("127.0.0.1", door.door.port)
    with pytest.raises(Unavailable, match="nothing can listen at"), opened(gateway.adopt, settings=settings):
        pass
