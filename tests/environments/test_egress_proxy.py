"""The way out of an environment lets through to named addresses, and to nothing else, whatever is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.environments.egress_proxy import EgressProxy, Reachable, reachable
from onloop.errors import BadInput


@contextmanager
def echoing() -> Iterator[int]:
    """A server on the loopback that sends back what it gets, in capitals."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                made, _ = door.accept()
            except OSError:
                return
            with made:
                while piece := made.recv(4096):
                    made.sendall(piece.upper())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield door.getsockname()[1]
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join()


@contextmanager
def proxy(folder: Path, *allowed: Reachable) -> Iterator[tuple[Path, list[str]]]:
    refused = list[str]()
    with EgressProxy(folder / "egress.sock", allowed, refused.append) as made:
        yield made.path, refused


def asked(path: Path, request: bytes, more: bytes = b"") -> bytes:
    """What the proxy answers to a request, and what comes back for `more`."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(path))
        line.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := line.recv(4096)):
            answer += piece
        if more:
            line.sendall(more)
            line.shutdown(socket.SHUT_WR)
        while piece := line.recv(4096):
            answer += piece
    return answer


def test_what_is_named_is_reached_and_bytes_go_both_ways(tmp_path: Path) -> None:
    with echoing() as port, proxy(tmp_path, reachable(f"127.0.0.1:{port}")) as (path, refused):
        answer = asked(path, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), b"hello")
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"HELLO")
    assert refused == []


def test_what_is_not_named_is_refused_with_the_words_that_would_allow_it(tmp_path: Path) -> None:
    with echoing() as port, proxy(tmp_path, reachable("api.example.com")) as (path, refused):
        answer = asked(path, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ") and f"--reach 127.0.0.1:{port}".encode() in answer
    assert refused == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"CONNECT HTTP/1.1\r\n\r\n",
        b"CONNECT a:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT a@b:443 HTTP/1.1\r\n\r\n",
        b"CONNECT a:443 HTTP/9\r\n\r\n",
        b"CONNECT " + b"a" * 400 + b":443 HTTP/1.1\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
    ],
)
def test_what_is_no_such_request_gets_no_connection(request_: bytes, tmp_path: Path) -> None:
    hung_up = suppress(ConnectionResetError, BrokenPipeError)  # before all of it was sent
    with proxy(tmp_path, reachable("a")) as (path, _), hung_up:
        assert asked(path, request_).startswith(b"HTTP/1.1 405 ")


def test_a_name_that_leads_to_this_machine_goes_nowhere_unless_it_was_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with echoing() as port:
        real = socket.getaddrinfo

        def rebound(host: str, *words: object, **more: object) -> object:
            return real("127.0.0.1" if host == "evil.example" else host, *words, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", rebound)
        with proxy(tmp_path, reachable(f"evil.example:{port}")) as (path, _):
            answer = asked(path, f"CONNECT evil.example:{port} HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 502 ") and b"which was not named" in answer


@pytest.mark.parametrize(
    "text", ["", ":443", "a:", "a:0", "a:65536", "a b", "a/b", "-a", "a..b", "http://a", "a:4x", "[::1", "ü"]
)
def test_what_is_no_address_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        reachable(text)


def test_an_address_has_the_usual_port_and_no_capitals() -> None:
    assert reachable("API.Example.com") == Reachable("api.example.com", 443)
    assert reachable("[::1]:8080") == Reachable("[::1]", 8080)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_bad_input(text: str) -> None:
    with suppress(BadInput):
        assert 0 < reachable(text).port < 65_536
