"""The log as server-sent events, and the long poll: from any place on, for many at a time, at the cost of one look."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits
from remote_http.conftest import OpenDoor, opened
from remote_http.scripted_gateway import OTHER_TOKEN, TOKEN, ScriptedGateway, ScriptedLine, error
from support.waiting import wait_for


@pytest.fixture
def limits() -> DoorLimits:
    """A ping soon, and little patience with readers."""
    return replace(DoorLimits(), ping_s=0.2, unread_s=0.5, streams_of_one=3)


@contextmanager
def streaming(door: OpenDoor, path: str = "/v1/events", token: str = TOKEN, **headers: str) -> Iterator[Iterator[str]]:
    """The blocks of a stream, without the padding at its start."""
    with door.client(token).stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-transform" in answer.headers["cache-control"]
        found = blocks(answer)
        padding = next(found)
        assert padding.startswith(":") and len(padding) > 2_000
        yield found


def blocks(answer: httpx.Response) -> Iterator[str]:
    held: list[str] = []
    for line in answer.iter_lines():
        if line:
            held.append(line)
        elif held:
            yield "\n".join(held)
            held = []


def events(found: Iterator[str], count: int) -> list[str]:
    """The ids of the next events."""
    ids: list[str] = []
    while len(ids) < count:
        block = next(found)
        if block.startswith("id: "):
            ids.append(block.splitlines()[0].removeprefix("id: "))
    return ids


def test_what_is_in_the_log_comes_and_then_what_is_added_to_it(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.append(count=450)
    with streaming(door) as found:
        assert events(found, 450) == [str(seq) for seq in range(1, 451)]
        gateway.append("Submitted")
        block = next_event(found)

    assert block.splitlines()[:2] == ["id: 451", "event: Submitted"]
    assert len(block.splitlines()) == 3
    assert block.splitlines()[2].startswith('data: {"seq": 451')


def next_event(found: Iterator[str]) -> str:
    return next(block for block in found if block.startswith("id: "))


@pytest.mark.parametrize("way", ["parameter", "header", "both"])
def test_a_reader_goes_on_from_where_they_were(door: OpenDoor, gateway: ScriptedGateway, way: str) -> None:
    gateway.append(count=5)
    after = {"parameter": "?after=3", "header": "", "both": "?after=1"}[way]
    headers = {} if way == "parameter" else {"Last-Event-ID": "3"}

    with streaming(door, f"/v1/events{after}", **headers) as found:
        assert events(found, 2) == ["4", "5"]


def test_run_and_task_are_asked_of_the_log(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.append()
    with streaming(door, "/v1/events?run=r1&task=r1.2") as found:
        events(found, 1)

    assert {"after": 0, "run": "r1", "task": "r1.2", "limit": 200} in [asked["fields"] for asked in gateway.asked]


def test_where_nothing_happens_there_is_a_ping(door: OpenDoor) -> None:
    with streaming(door) as found:
        assert [next(found), next(found)] == [": ping", ": ping"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/events?after=x", 400),
        ("/v1/events?after=-1", 400),
        ("/v1/events?from=1", 400),
        ("/v1/wait?timeout=soon", 400),
        ("/v1/wait?until=1", 400),
        ("/v1/wait?task=r1&version=x", 400),
    ],
)
def test_parameters_that_are_none_are_refused(door: OpenDoor, path: str, status: int) -> None:
    assert door.client().get(path).status_code == status


@pytest.mark.parametrize("path", ["/v1/events", "/v1/wait?timeout=0", "/v1/wait?timeout=0&task=r1"])
def test_only_who_may_read_may_wait(door: OpenDoor, gateway: ScriptedGateway, path: str) -> None:
    for name in ("log", "stamp", "task"):
        gateway.does[name] = lambda _line, _asked: error("not_allowed")

    assert door.client(None).get(path).status_code == 401
    assert door.client().get(path).status_code == 403


def test_a_stream_ends_with_the_reason_once_it_may_not_be_read_any_more(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    with streaming(door) as found:
        network = gateway.network_lines()
        read_log = gateway.does["log"]
        gateway.does["log"] = lambda line, asked: error("not_allowed") if line in network else read_log(line, asked)
        gateway.valid.clear()
        gateway.append()
        block = next(block for block in found if not block.startswith(":"))

        assert block.startswith("event: problem\ndata: ")
        assert '"status": 401' in block
        assert list(found) == []


def test_many_watchers_are_one_look_at_the_store(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), streams_of_one=40, waiting_of_one=40, ping_s=30.0)) as door:
        waiting = [threading.Thread(target=_wait_once, args=(door, gateway.stamp)) for _ in range(30)]
        for each in waiting:
            each.start()
        wait_for(lambda: door.figure("onloop_http_streams") == 30, lambda: "they do not wait")
        network = len(gateway.network_lines())
        own = gateway.asked_names().count("stamp") - 30  # each of them was asked once whether they may
        wait_for(lambda: gateway.asked_names().count("stamp") - 30 >= own + 5, lambda: "nobody looks")
        lines = len(gateway.lines)
        gateway.append()
        for each in waiting:
            each.join()

        assert lines == network + 1
        assert gateway.asked_names().count("log") <= 2


def _wait_once(door: OpenDoor, stamp: int) -> None:
    with httpx.Client(base_url=door.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        client.get(f"/v1/wait?seen={stamp}&timeout=30")


def test_whoever_waits_hears_of_news_once_the_store_answers_again(door: OpenDoor, gateway: ScriptedGateway) -> None:
    read_stamp = gateway.does["stamp"]
    with streaming(door) as found:
        gateway.does["stamp"] = lambda _line, _asked: error("store", "the disk is full", 17)
        wait_for(lambda: door.words, lambda: "nothing is said")
        gateway.does["stamp"] = lambda _line, _asked: {"odd": "answer"}
        wait_for(lambda: len(door.words) == 2, lambda: str(door.words))
        gateway.does["stamp"] = read_stamp
        gateway.append()

        assert events(found, 1) == ["1"]
    assert door.words == ["trouble: the disk is full", "trouble: KeyError: 'ok'"]


def test_a_slow_reader_is_cut_off_and_can_go_on(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.log += [{"seq": seq, "name": "Claimed", "data": "x" * 60_000} for seq in range(1, 401)]
    gateway.stamp += 1
    with socket.create_connection(("127.0.0.1", door.door.port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.sendall(f"GET /v1/events HTTP/1.1\r\nHost: {door.host}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        wait_for(lambda: "log" in gateway.asked_names(), lambda: "it does not begin")
        wait_for(lambda: not door.figure("onloop_http_streams"), lambda: "it goes on")

    with streaming(door, "/v1/events?after=398") as found:
        assert events(found, 2) == ["399", "400"]


def test_a_reader_who_has_gone_gives_their_place_back_at_once(gateway: ScriptedGateway) -> None:
    with opened(gateway.adopt, replace(DoorLimits(), ping_s=3_600.0, longest_poll_s=3_600.0)) as door:
        with streaming(door):
            assert door.figure("onloop_http_streams") == 1
        wait_for(lambda: not door.figure("onloop_http_streams"), lambda: "it is kept for a ping")
        with socket.create_connection(("127.0.0.1", door.door.port)) as line:
            line.sendall(
                f"GET /v1/wait?seen=1&timeout=3600 HTTP/1.1\r\nHost: {door.host}\r\n"
                f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
            )
            wait_for(lambda: door.figure("onloop_http_streams") == 1, lambda: "nobody waits")
        wait_for(lambda: not door.figure("onloop_http_streams"), lambda: "it is kept to its end")


def test_events_that_are_too_large_for_one_answer_come_fewer_at_a_time(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    read_log = gateway.does["log"]

    def read_few(line: ScriptedLine, asked: dict[str, Any]) -> dict[str, Any] | None:
        is_too_many = asked["fields"]["limit"] > 10
        return error("bad_input", "the answer is too large", 2) if is_too_many else read_log(line, asked)

    gateway.append(count=25)
    gateway.does["log"] = read_few
    with streaming(door) as found:
        assert events(found, 25) == [str(seq) for seq in range(1, 26)]


def test_one_credential_has_so_many_streams_and_another_has_its_own(door: OpenDoor) -> None:
    with streaming(door), streaming(door), streaming(door):
        assert door.client().get("/v1/events").status_code == 429
        assert door.client().get("/v1/wait").status_code == 429
        with streaming(door, token=OTHER_TOKEN):
            pass
    wait_for(lambda: door.client().get("/v1/wait?timeout=0").status_code == 200, lambda: "they stay taken")


def test_a_wait_ends_as_soon_as_the_stamp_differs(door: OpenDoor, gateway: ScriptedGateway) -> None:
    client = door.client()
    assert client.get("/v1/wait?seen=0").json() == {"stamp": 1}  # it differs already
    with _later(door, gateway) as told:
        told.append(client.get("/v1/wait?seen=1&timeout=30").json())

    assert told == [{"stamp": 2}]
    assert client.get("/v1/wait?seen=2&timeout=0").json() == {"stamp": 2}


@contextmanager
def _later(door: OpenDoor, gateway: ScriptedGateway) -> Iterator[list[Any]]:
    """Something happens once somebody waits."""

    def act() -> None:
        wait_for(lambda: door.figure("onloop_http_streams") == 1, lambda: "nobody waits")
        gateway.append()

    actor = threading.Thread(target=act)
    actor.start()
    yield []
    actor.join()


def asked_times(gateway: ScriptedGateway, count: int) -> bool:
    return gateway.asked_names().count("task") == count


def test_a_wait_for_a_task_ends_when_its_version_differs_and_not_before(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    versions = iter([3, 3, 3, 4])
    gateway.does["task"] = lambda _line, _asked: {"ok": {"id": "r1", "version": next(versions)}}
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(door.client().get("/v1/wait?task=r1&version=3&timeout=30").json())
    )
    waiting.start()
    for count in (2, 3):
        wait_for(partial(asked_times, gateway, count), lambda: "nobody looks")
        gateway.append()
    waiting.join()

    assert found == [{"stamp": 3, "task": "r1", "version": 4}]


def test_a_wait_for_a_task_that_there_is_not_is_told_so(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.does["task"] = lambda _line, _asked: {"ok": None}

    found = door.client().get("/v1/wait?task=r9&version=1")
    assert (found.status_code, found.json()["code"]) == (404, "unknown")
