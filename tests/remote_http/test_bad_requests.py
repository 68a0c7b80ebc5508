"""Requests that no honest client sends, as bytes: each is refused in words, or cut off, and the door goes on."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from onloop.records import replace
from onloop.remote.http.door_settings import DoorLimits
from remote_http.conftest import OpenDoor
from remote_http.scripted_gateway import TOKEN, ScriptedGateway
from support.waiting import wait_for


@pytest.fixture
def limits() -> DoorLimits:
    """Less patience than usual."""
    return replace(DoorLimits(), header_s=0.3, body_s=0.5, unread_s=0.5)


@contextmanager
def connected(door: OpenDoor) -> Iterator[socket.socket]:
    made = socket.create_connection(("127.0.0.1", door.door.port), timeout=60)
    try:
        yield made
    finally:
        made.close()


def everything(line: socket.socket) -> bytes:
    """All that still comes, to the end."""
    found = b""
    with suppress(ConnectionError):
        while arrived := line.recv(65_536):
            found += arrived
    return found


def told(door: OpenDoor, sent: bytes) -> tuple[int, str]:
    """The status that is answered to those bytes, and what is said; 0 where the connection just ends."""
    with connected(door) as line:
        with suppress(ConnectionError):
            line.sendall(sent)
        head, _, body = everything(line).partition(b"\r\n\r\n")
    return (int(head.split()[1]), body.decode("utf-8", "replace")) if head else (0, "")


def post(door: OpenDoor, *headers: str, body: bytes = b"{}", host: str = "", path: str = "/v1/task") -> bytes:
    """A request as bytes."""
    usual = [f"Host: {host or door.host}", f"Authorization: Bearer {TOKEN}", "Content-Type: application/json"]
    named = {line.partition(":")[0].lower() for line in headers}
    kept = [line for line in usual if line.partition(":")[0].lower() not in named]
    length = [] if named & {"content-length", "transfer-encoding"} else [f"Content-Length: {len(body)}"]
    lines = [f"POST {path} HTTP/1.1", *kept, *headers, *length, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "0.0.0.0:{port}", "[::]:{port}", "localhost.evil.com:{port}", "localhost"),
        *("127.0.0.1:1", "127.1:{port}", "2130706433:{port}", "127.0.0.1:{port}@evil.example", "[fe80::1]:{port}"),
    ],
)
def test_a_host_that_is_not_ours_is_refused(door: OpenDoor, gateway: ScriptedGateway, host: str) -> None:
    status, said = told(door, post(door, host=host.format(port=door.door.port)))

    assert status == 421
    assert "no name of this gateway" in said
    assert "task" not in gateway.asked_names()


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_a_host_that_is_ours_is_answered(door: OpenDoor, host: str) -> None:
    assert told(door, post(door, host=host.format(port=door.door.port)))[0] == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("https://evil.example", 403), ("null", 403), ("http://localhost.evil.com", 403), ("", 403)),
        ("http://127.0.0.1:{port}", 200),
    ],
)
def test_a_page_of_another_origin_may_not_ask(door: OpenDoor, origin: str, status: int) -> None:
    assert told(door, post(door, f"Origin: {origin.format(port=door.door.port)}"))[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        ("Host: {host}", "Host: evil.example"),
        ("Authorization: Bearer a", "Authorization: Bearer b"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Idempotency-Key: a", "Idempotency-Key: b"),
        ("Onloop-Session: a", "Onloop-Session: b"),
        ("Onloop-Code: 1:a", "Onloop-Code: 2:b"),
        ("Onloop-Upload: a", "Onloop-Upload: b"),
        ("Content-Type: application/json", "Content-Type: text/plain"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Content-Length: -1",),
        ("Content-Length: +2",),
        ("Content-Length: 2, 3",),
        ("Authorization: Basic YTpi",),
        ("Authorization: Bearer ",),
        ("X\x00Y: 1",),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    door: OpenDoor, gateway: ScriptedGateway, headers: tuple[str, ...]
) -> None:
    status, _ = told(door, post(door, *(line.replace("{host}", door.host) for line in headers)))

    assert status in {400, 401}, headers
    assert "task" not in gateway.asked_names()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: text/plain",), 415),
        (("Content-Type: application/x-www-form-urlencoded",), 415),
        (("Content-Type: application/json; charset=latin-1",), 415),
        (("Content-Type: application/json; charset=utf-8",), 200),
        (("Content-Encoding: gzip",), 415),
        (("Content-Encoding: identity",), 200),
    ],
)
def test_only_json_as_it_is_is_taken(door: OpenDoor, headers: tuple[str, ...], status: int) -> None:
    body = gzip.compress(b"{}") if "gzip" in headers[0] else b"{}"

    assert told(door, post(door, *headers, body=body))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"1", b'"x"', b"null", b"{", b"{}{}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}'),
        *(b"\xff\xfe", b"{'a': 1}", b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ' + b"9" * 5_000 + b"}"),
        *(b'{"fields": {"a": {"b": 1, "b": 2}}}', b'{"a": 1},"operation":"board"'),
    ],
)
def test_content_that_is_no_single_object_is_refused(door: OpenDoor, gateway: ScriptedGateway, body: bytes) -> None:
    status, said = told(door, post(door, body=body))

    assert (status, json.loads(said)["code"]) == (400, "bad_input")
    assert not {"task", "board"} & set(gateway.asked_names())


def test_content_that_is_too_large_is_refused_before_it_has_come(door: OpenDoor) -> None:
    announced = told(door, post(door, "Content-Length: 104857600", body=b"x" * 1_000))
    chunked = post(door, "Transfer-Encoding: chunked", body=b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 1
    more = told(door, chunked + (b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 3 + b"0\r\n\r\n")

    assert (announced[0], more[0]) == (413, 413)


def test_a_hundred_megabytes_are_answered_before_they_are_kept(door: OpenDoor) -> None:
    with connected(door) as line:
        line.sendall(post(door, "Content-Length: 104857600", body=b""))
        sender = threading.Thread(target=_pour, args=(line, 104_857_600))
        sender.start()
        answered = everything(line)
        sender.join()

    assert answered.startswith(b"HTTP/1.1 413 ")


def test_who_asks_before_they_send_is_not_told_to_go_on(door: OpenDoor) -> None:
    refused = told(door, post(door, "Expect: 100-continue", "Content-Length: 104857600", body=b""))
    with connected(door) as line:
        line.sendall(post(door, "Expect: 100-continue", "Content-Length: 2", body=b""))
        assert line.recv(65_536).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"{}")
        taken = everything(line)

    assert refused[0] == 413
    assert taken.startswith(b"HTTP/1.1 200 ")


def _pour(line: socket.socket, count: int) -> None:
    with suppress(OSError):
        for _ in range(count // 1_048_576):
            line.sendall(b"x" * 1_048_576)


def test_a_body_that_is_cut_off_asks_nothing(door: OpenDoor, gateway: ScriptedGateway) -> None:
    for sent in (
        post(door, "Content-Length: 20", body=b'{"task": '),
        post(door, "Transfer-Encoding: chunked", body=b'9\r\n{"task": '),
        post(door, "Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
        post(door, "Transfer-Encoding: chunked", body=b"2\r\n{}XX0\r\n\r\n"),
    ):
        assert told(door, sent)[0] in {0, 400, 408}

    assert "task" not in gateway.asked_names()
    assert door.client().post("/v1/task", json={}).status_code == 200


def test_a_second_request_in_the_first_ones_body_is_not_answered_with_it(
    door: OpenDoor, gateway: ScriptedGateway
) -> None:
    inner = post(door, path="/v1/board")
    told(door, post(door, "Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + inner))
    told(door, post(door, "Transfer-Encoding: chunked", "Content-Length: 4", body=b"0\r\n\r\n" + inner))

    assert not {"task", "board"} & set(gateway.asked_names())


def test_requests_that_are_sent_ahead_are_answered_in_order(door: OpenDoor) -> None:
    one, two = (
        post(door, path=f"/v1/{name}", body=body).replace(b"Connection: close\r\n", b"")
        for name, body in (("task", b'{"n":1}'), ("board", b'{"n":2}'))
    )
    with connected(door) as line:
        line.sendall(one + two + post(door, body=b'{"n":3}'))
        answered = everything(line)

    assert [answered.find(b'{"n": %d}' % n) for n in (1, 2, 3)] == sorted(
        answered.find(b'{"n": %d}' % n) for n in (1, 2, 3)
    )
    assert answered.count(b"HTTP/1.1 200 OK") == 3


def test_http_of_before_is_answered_and_no_other_protocol_is_spoken(door: OpenDoor) -> None:
    old = post(door).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA")
    no_host = b"GET /healthz HTTP/1.0\r\n\r\n"

    assert told(door, old)[0] == 200
    assert told(door, no_host)[0] == 400
    assert told(door, post(door, *upgrade))[0] == 200  # as if nobody had asked for more
    assert told(door, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")[0] == 400
    assert told(door, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500)[0] in {0, 400}
    assert told(door, b"GET /healthz HTTP/1.1\nHost: " + door.host.encode() + b"\nConnection: close\n\n")[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n", 414),
        (b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 17_000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: {host}\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 2_000_000, 400),
        (b"GET http://evil.example/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 404),
    ],
)
def test_a_head_that_is_too_large_is_refused(door: OpenDoor, sent: bytes, status: int) -> None:
    assert told(door, sent.replace(b"{host}", door.host.encode()))[0] == status


def test_who_sends_a_head_too_slowly_is_cut_off(door: OpenDoor) -> None:
    with connected(door) as nothing, connected(door) as half, connected(door) as second:
        half.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        second.sendall(f"GET /healthz HTTP/1.1\r\nHost: {door.host}\r\n\r\nGET /heal".encode())

        assert everything(nothing) == everything(half) == b""
        assert everything(second).startswith(b"HTTP/1.1 200 OK")


def test_who_sends_a_body_too_slowly_is_told_so(door: OpenDoor) -> None:
    with connected(door) as line:
        line.sendall(post(door, "Content-Length: 20", body=b'{"task": '))
        answered = everything(line)

    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"has not arrived within 0.5 s" in answered


def test_who_goes_on_with_a_body_that_nobody_wants_is_cut_off(door: OpenDoor) -> None:
    with connected(door) as line:
        line.sendall(f"GET /healthz HTTP/1.1\r\nHost: {door.host}\r\nContent-Length: 100000\r\n\r\nx".encode())
        assert b'{"alive":true}' in everything(line)


def test_who_does_not_read_an_answer_is_cut_off(door: OpenDoor, gateway: ScriptedGateway) -> None:
    gateway.does["task"] = lambda _line, _asked: {"ok": "x" * 30_000_000}
    with connected(door) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.sendall(post(door))
        wait_for(lambda: "task" in gateway.asked_names(), lambda: "it is not asked")

        wait_for(lambda: not door.connections(), lambda: "it stays open")  # and no buffer holds 30 MB
