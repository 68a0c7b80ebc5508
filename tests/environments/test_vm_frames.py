"""The line between a machine and its host: all arrives, nobody has to keep more, and a liar is hung up on."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.environments.vm.vm_frames import (
    CLOSE,
    CREDIT,
    DATA,
    HEAD,
    HELLO,
    LARGEST,
    MOST_CHANNELS,
    OPEN,
    SIGNAL,
    WINDOW,
    Channel,
    FrameLine,
    FrameReader,
    LineBroken,
)
from onloop.environments.vm.vm_keeper import SocketBytes, join_channels
from support.waiting import wait_for


@contextmanager
def both(answer: Any) -> Iterator[tuple[FrameLine, FrameLine]]:
    """Two ends of one line; `answer` gets what the first opens at the second."""
    one, other = socket.socketpair()
    near, far = FrameLine(SocketBytes(one), 0), FrameLine(SocketBytes(other), 1)
    far.opened = answer
    threads = [threading.Thread(target=line.serve, daemon=True) for line in (near, far)]
    for thread in threads:
        thread.start()
    try:
        yield near, far
    finally:
        for end in (one, other):
            with_nobody(end)
        for thread in threads:
            thread.join(10)


def with_nobody(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


def echo(channel: Channel, _: dict[str, Any]) -> None:
    def go() -> None:
        for piece in channel.receive():
            channel.send(piece)
        channel.close(code=7)

    threading.Thread(target=go, daemon=True).start()


def test_more_than_a_window_comes_back_whole_with_the_last_words() -> None:
    sent = bytes(range(256)) * 8192  # 2 MiB: eight windows
    with both(echo) as (near, _):
        channel = near.open(do="echo")

        def feed() -> None:
            channel.send(sent)
            channel.end()

        threading.Thread(target=feed, daemon=True).start()
        assert b"".join(channel.receive()) == sent
        assert channel.wait(10) == {"code": 7}


def until_closed(channel: Channel) -> None:
    with suppress(LineBroken):
        channel.send(b"x" * (WINDOW + 1))


class Nowhere:
    """A line's bytes, of which there are none."""

    def read(self, most: int) -> bytes:
        return b""[:most]

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_channel_that_nobody_reads_stops_no_other() -> None:
    def half(channel: Channel, words: dict[str, Any]) -> None:
        if words["do"] == "echo":
            echo(channel, words)

    with both(half) as (near, _):
        still = near.open(do="nothing")
        full = threading.Thread(target=until_closed, args=(still,), daemon=True)
        full.start()
        other = near.open(do="echo")
        other.send(b"goes on")
        other.end()
        assert b"".join(other.receive()) == b"goes on"
        assert full.is_alive()
    full.join(10)
    assert not full.is_alive()


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(HEAD.pack(LARGEST + 1, DATA, 0), id="too large"),
        pytest.param(HEAD.pack(4_000_000_000, HELLO, 0), id="a greeting of gigabytes"),
        pytest.param(HEAD.pack(0, 99, 0), id="of no kind"),
        pytest.param(HEAD.pack(2, OPEN, 2) + b"{}", id="a channel of ours"),
        pytest.param(b"".join(HEAD.pack(2, OPEN, n) + b"{}" for n in (1, 1)), id="twice the same"),
        pytest.param(b"".join(HEAD.pack(2, OPEN, 2 * n + 1) + b"{}" for n in range(MOST_CHANNELS + 1)), id="too many"),
    ],
)
def test_whoever_breaks_the_rules_is_hung_up_on(hostile: bytes) -> None:
    one, other = socket.socketpair()
    with other:
        line = FrameLine(SocketBytes(one), 0)
        line.opened = lambda _channel, _words: None
        served = threading.Thread(target=line.serve, daemon=True)
        served.start()
        other.sendall(hostile)
        served.join(10)
        assert line.is_broken.is_set()


def test_more_bytes_than_there_was_credit_for_end_the_line() -> None:
    one, other = socket.socketpair()
    with other:
        line = FrameLine(SocketBytes(one), 0)
        served = threading.Thread(target=line.serve, daemon=True)
        served.start()
        channel = line.open(do="run")
        piece = HEAD.pack(LARGEST, DATA, channel.number) + b"x" * LARGEST
        other.sendall(piece * (WINDOW // LARGEST))
        assert not line.is_broken.is_set()
        with pytest.raises((BrokenPipeError, ConnectionResetError, AssertionError)):
            other.sendall(piece)
            wait_for(line.is_broken.is_set, lambda: "it still listens")
            raise AssertionError
        assert channel.wait(10) is None


def test_credit_that_was_never_due_opens_no_larger_window() -> None:
    channel = Channel(FrameLine(Nowhere(), 0), 0)
    for _ in range(9):
        channel.take(CREDIT, struct.pack(">I", 2**32 - 1))
    assert channel._credit == WINDOW


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 50))
def test_frames_are_read_however_they_arrive(contents: list[bytes], size: int) -> None:
    sent = b"".join(HEAD.pack(len(each), DATA, 3) + each for each in contents)
    reader = FrameReader(LARGEST)
    found = [frame for at in range(0, len(sent), size) for frame in reader.feed(sent[at : at + size])]
    assert found == [(DATA, 3, each) for each in contents]


@given(st.binary(max_size=400))
def test_no_bytes_make_a_reader_fail_otherwise_than_by_hanging_up(hostile: bytes) -> None:
    channel = Channel(FrameLine(Nowhere(), 0), 0)
    try:
        for kind, _, content in FrameReader(LARGEST).feed(hostile):
            channel.take(kind if kind != OPEN else CLOSE, content)
    except LineBroken:
        pass


def test_a_signal_and_the_last_words_pass_through_a_keeper() -> None:
    heard: list[tuple[int, dict[str, Any]]] = []

    def inside(channel: Channel, _: dict[str, Any]) -> None:
        def told(kind: int, words: dict[str, Any]) -> None:
            heard.append((kind, words))
            threading.Thread(target=lambda: channel.close(code=143), daemon=True).start()

        channel.told = told

    with (
        both(inside) as (machine, _),
        both(lambda channel, words: join_channels(channel, machine.open(**words))) as (
            client,
            _,
        ),
    ):
        asked = client.open(do="run")
        asked.tell(SIGNAL, signal=15)
        assert asked.wait(10) == {"code": 143}
    assert heard == [(SIGNAL, {"signal": 15})]


def test_last_words_of_any_kind_end_a_channel() -> None:
    def inside(channel: Channel, _: dict[str, Any]) -> None:
        said = {"self": 1, "words": [], "code": "x", "problem": {"deep": "er"}}
        threading.Thread(target=channel.close_with, args=(said,), daemon=True).start()

    with (
        both(inside) as (machine, _),
        both(lambda channel, words: join_channels(channel, machine.open(**words))) as (
            client,
            _,
        ),
    ):
        words = client.open(do="run").wait(10)
        assert words is not None and words["self"] == 1


def test_what_runs_inside_is_told_when_whoever_ordered_it_is_gone() -> None:
    gone = threading.Event()

    def inside(channel: Channel, _: dict[str, Any]) -> None:
        def look() -> None:
            channel.wait()
            gone.set()

        threading.Thread(target=look, daemon=True).start()

    with both(inside) as (machine, _):
        with both(lambda channel, words: join_channels(channel, machine.open(**words))) as (client, _):
            client.open(do="run")
        assert gone.wait(10)
