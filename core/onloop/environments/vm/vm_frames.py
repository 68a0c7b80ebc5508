"""Frames on the one line between a virtual machine and its host, and the channels that share it.

Both ends use this file: inside on a bare interpreter. A frame is a length (4 bytes), a kind (1), a channel (4) and
that many bytes. Each end may send as many bytes on a channel as it was given credit for, so that nobody can be made
to keep more, and one channel that stands still stops no other. What breaks these rules ends the line.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

HEAD = struct.Struct(">IBI")
LARGEST = 65_536
LARGEST_OPENING = 1_048_576
"""How large the words are with which a channel is opened: what a host orders has an environment in it."""
WINDOW = 262_144
"""How many bytes may be under way on a channel."""
MOST_CHANNELS = 256

HELLO, OPEN, DATA, END, CLOSE, CREDIT, SIGNAL, RESIZE = range(8)
_KINDS = frozenset(range(8))


class LineBroken(Exception):
    """The other end has gone, or does what it must not."""


class Bytes(Protocol):
    """What frames are read from and written to."""

    def read(self, most: int) -> bytes:
        """At least one byte, or none at the end."""

    def write(self, data: bytes) -> None:
        """Write all of it."""

    def close(self) -> None:
        """Hang up."""


class FrameReader:
    """Turns bytes into frames; LineBroken for one that is too large or of no kind."""

    def __init__(self, largest: int) -> None:
        self._largest, self._waiting = largest, bytearray()

    def feed(self, arrived: bytes) -> Iterator[tuple[int, int, bytes]]:
        """The frames that are complete now."""
        self._waiting += arrived
        while len(self._waiting) >= HEAD.size:
            size, kind, channel = HEAD.unpack_from(self._waiting)
            if kind not in _KINDS or size > (self._largest if kind in {OPEN, HELLO} else LARGEST):
                raise LineBroken(f"a frame of kind {kind} and {size} bytes")
            if len(self._waiting) < HEAD.size + size:
                return
            content = bytes(self._waiting[HEAD.size : HEAD.size + size])
            del self._waiting[: HEAD.size + size]
            yield kind, channel, content


class Channel:
    """One stream in each direction, with its end; `closed` is what the other end said of it at the very end."""

    def __init__(self, line: FrameLine, number: int) -> None:
        self.number, self._line = number, line
        self._turn = threading.Condition()
        self._arrived: deque[bytes] = deque()
        self._credit, self._kept = WINDOW, 0
        self._has_ended = self._is_over = False
        self.closed: dict[str, Any] | None = None
        self.told: Callable[[int, dict[str, Any]], None] = lambda _kind, _words: None
        """Called with what comes beside the bytes: signals, and the size of a terminal."""

    def send(self, data: bytes) -> None:
        """Send all of it, as far as there is credit; LineBroken where nobody listens any more."""
        rest = memoryview(data)
        while rest:
            with self._turn:
                self._turn.wait_for(lambda: self._credit > 0 or self._is_over)
                if self._is_over:
                    raise LineBroken("the channel is closed")
                size = min(len(rest), self._credit, LARGEST)
                self._credit -= size
            self._line.send(DATA, self.number, bytes(rest[:size]))
            rest = rest[size:]

    def end(self) -> None:
        """Nothing more is sent."""
        with suppress(LineBroken):
            self._line.send(END, self.number)

    def tell(self, kind: int, **words: object) -> None:
        """A signal, or the size of a terminal."""
        with suppress(LineBroken):
            self._line.send(kind, self.number, json.dumps(words).encode())

    def close(self, **words: object) -> None:
        """The channel is over; `words` are the last."""
        self.close_with(words)

    def close_with(self, words: dict[str, Any]) -> None:
        """As `close`, with words that somebody else chose."""
        with self._turn:
            was_over, self._is_over = self._is_over, True
            self._turn.notify_all()
        if not was_over:
            with suppress(LineBroken):
                self._line.send(CLOSE, self.number, json.dumps(words).encode())
        self._line.forget(self.number)

    def receive(self) -> Iterator[bytes]:
        """What arrives, until its end; as each piece is taken, as much may be sent again."""
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._arrived or self._has_ended or self._is_over)
                if not self._arrived:
                    return
                piece = self._arrived.popleft()
                self._kept -= len(piece)
            yield piece
            with suppress(LineBroken):
                self._line.send(CREDIT, self.number, struct.pack(">I", len(piece)))

    def wait(self, seconds: float | None = None) -> dict[str, Any] | None:
        """The last words of the other end, once it has closed the channel; None where it has not in time."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_over, seconds)
            return self.closed

    def take(self, kind: int, content: bytes) -> None:
        """A frame has arrived; LineBroken for more bytes than there was credit for."""
        if kind in {SIGNAL, RESIZE}:
            self.told(kind, words_of(content))
            return
        with self._turn:
            if kind == DATA:
                self._kept += len(content)
                if self._kept > WINDOW:
                    raise LineBroken("more bytes than there was credit for")
                if content:
                    self._arrived.append(content)
            elif kind == CREDIT:
                self._credit = min(self._credit + int.from_bytes(content[:4], "big"), WINDOW)
            elif kind == END:
                self._has_ended = True
            else:
                self.closed, self._is_over = words_of(content), True
            self._turn.notify_all()

    def drop(self) -> None:
        """The line is gone."""
        with self._turn:
            self._is_over = self._has_ended = True
            self._turn.notify_all()


class FrameLine:
    """All channels over one stream of bytes. Numbers of those that we open have our `parity`."""

    def __init__(self, ends: Bytes, parity: int, largest: int = LARGEST) -> None:
        self._ends, self._largest = ends, largest
        self._next, self._parity = parity, parity
        self._channels: dict[int, Channel] = {}
        self._turn, self._sending = threading.Lock(), threading.Lock()
        self.is_broken = threading.Event()
        self.opened: Callable[[Channel, dict[str, Any]], None] = lambda channel, _words: channel.close(problem="no")
        self.greeted: Callable[[dict[str, Any]], None] = lambda _words: None

    def open(self, **words: object) -> Channel:
        """A channel for what the words say; LineBroken where there are too many."""
        with self._turn:
            if len(self._channels) >= MOST_CHANNELS or self.is_broken.is_set():
                raise LineBroken("no more channels")
            channel = Channel(self, self._next)
            self._channels[channel.number] = channel
            self._next += 2
        self.send(OPEN, channel.number, json.dumps(words).encode())
        return channel

    def greet(self, **words: object) -> None:
        """Say that this end is there."""
        self.send(HELLO, 0, json.dumps(words).encode())

    def send(self, kind: int, channel: int, content: bytes = b"") -> None:
        """Send one frame; LineBroken where the line is gone."""
        with self._sending:
            try:
                self._ends.write(HEAD.pack(len(content), kind, channel) + content)
            except OSError as problem:
                raise LineBroken(str(problem)) from problem

    def serve(self) -> None:
        """Read until the line ends or is broken; everything that waits on a channel is told."""
        reader = FrameReader(self._largest)
        try:
            while arrived := self._ends.read(LARGEST):
                for kind, number, content in reader.feed(arrived):
                    self._take(kind, number, content)
        except (OSError, LineBroken):
            pass
        finally:
            self.is_broken.set()
            with self._turn:
                left, self._channels = list(self._channels.values()), {}
            for channel in left:
                channel.drop()
            self._ends.close()

    def forget(self, number: int) -> None:
        """A channel is over at this end."""
        with self._turn:
            self._channels.pop(number, None)

    def _take(self, kind: int, number: int, content: bytes) -> None:
        if kind == HELLO:
            self.greeted(words_of(content))
            return
        if kind == OPEN:
            self._answer(number, words_of(content))
            return
        with self._turn:
            channel = self._channels.get(number)
            if channel is not None and kind == CLOSE:
                del self._channels[number]
        if channel is not None:  # else it was closed at this end, and what was under way is dropped
            channel.take(kind, content)

    def _answer(self, number: int, words: dict[str, Any]) -> None:
        with self._turn:
            if number % 2 == self._parity % 2 or number in self._channels or len(self._channels) >= MOST_CHANNELS:
                raise LineBroken(f"channel {number} cannot be opened")
            channel = self._channels[number] = Channel(self, number)
        self.opened(channel, words)


_FOLDERS: dict[str, int] = {}
_LONGEST_ADDRESS = 100


def address(path: str) -> str:
    """The path of a socket, or a shorter way to it: the kernel takes no address longer than 107 bytes."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        return path
    folder, _, name = path.rpartition("/")
    if folder not in _FOLDERS:
        _FOLDERS[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{_FOLDERS[folder]}/{name}"


def words_of(content: bytes) -> dict[str, Any]:
    """The words of a frame: an object of JSON, or none."""
    with suppress(ValueError, RecursionError):
        found = json.loads(content)
        if isinstance(found, dict):
            return found
    return {}
