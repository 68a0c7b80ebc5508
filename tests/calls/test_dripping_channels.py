"""A channel whose answer drips, a byte now and then, is given up in time: no read is long, all of them would be."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calls.called_groups import group
from onloop.calls import sending
from onloop.calls.call_text import CallText, text_of
from onloop.calls.channels import CallChannel, SecretSource
from onloop.calls.sending import send
from onloop.errors import Unavailable
from support.waiting import DEADLINE_S

EVERY_S = 0.05


@contextmanager
def dripping(first: bytes, each: bytes) -> Iterator[int]:
    """A server that goes on answering, ever so slowly, until the caller hangs up; the value is its port."""
    over = threading.Event()

    def serve(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            try:
                line.sendall(first)
                while not over.wait(EVERY_S):
                    line.sendall(each)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        giving_up = threading.Timer(DEADLINE_S, over.set)
        giving_up.start()
        try:
            yield server.getsockname()[1]
            assert not over.is_set(), "the server stopped, and nobody had given it up"
        finally:
            giving_up.cancel()
            over.set()
            thread.join(DEADLINE_S)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LONGEST_S", EVERY_S * 10)


def text() -> CallText:
    return text_of("m1f3", "ana", (group("c1"),), str, "", 1_780_000_000_000)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX-A: "])
def test_a_web_server_that_drips_its_answer_is_given_up_in_time(first: bytes) -> None:
    with dripping(first, b"a") as port:
        address = SecretSource(text=f"http://127.0.0.1:{port}/secret-path")

        with pytest.raises(Unavailable) as refused:
            send(CallChannel("ops", "slack", {"url": address}, {}), text(), "")

    assert "secret-path" not in refused.value.message


def test_a_web_server_that_has_answered_is_not_waited_for_while_its_body_drips() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a") as port:
        address = SecretSource(text=f"http://127.0.0.1:{port}/")

        assert "200" in send(CallChannel("ops", "slack", {"url": address}, {}), text(), "")


@pytest.mark.parametrize("first", [b"", b"220 here\r\n"])
@pytest.mark.parametrize("each", [b"2", b"250-go on\r\n"])
def test_a_mail_server_that_drips_its_answer_is_given_up_in_time(first: bytes, each: bytes) -> None:
    texts = {"host": "127.0.0.1", "from": "on@example.org", "security": "none"}
    with dripping(first, each) as port, pytest.raises(Unavailable):
        send(CallChannel("mail", "email", {}, texts, port=port), text(), "ana@example.org")
