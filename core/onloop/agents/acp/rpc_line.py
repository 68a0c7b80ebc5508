"""JSON-RPC over an agent's pipes, a message a line: what comes is hostile, and nothing here waits without an end.

Our own: the protocol's SDK brings pydantic and an event loop, and this runs in every environment that has `onloop`.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import Exit, Refused
from onloop.text import safe

LONGEST_MESSAGE = 4 * 1_048_576
"""How many bytes one message may have: a tool call may hold a whole file."""
MOST_ARRIVED = 10_000
"""How many messages may wait for us while the agent does not read what we write."""
LARGEST_ARRIVED = 4 * LONGEST_MESSAGE
"""How many bytes those may have together."""
MOST_NOISE = 1_000
"""How many lines that are no message, be they empty, are passed over."""
WRITE_S = 60.0
"""How long an agent may take to read one message of ours, in seconds, whatever it prints meanwhile."""
_PIECE = 65_536
_DEEP = 100

Message = Mapping[str, Any]


class LineEnded(Refused):
    """The agent closed its end, or broke the protocol so that nothing more can be read."""

    code = "acp"


def line_ended(what: str) -> LineEnded:
    """The error for an agent that cannot be talked to any more."""
    return LineEnded(what, exit=Exit.INTERNAL, hint="try the program by itself; onloop logs TASK shows what it printed")


@dataclass(slots=True)
class RpcLine:
    """One connection with an agent. `noise` are lines that were no message, which agents print as they should not."""

    reads: int
    writes: int
    noise: list[str] = field(default_factory=list)
    _noises: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _looked: int = 0
    _arrived: deque[tuple[int, Message]] = field(default_factory=deque)
    _waiting: int = 0

    def __post_init__(self) -> None:
        os.set_blocking(self.reads, False)
        os.set_blocking(self.writes, False)

    def send(self, message: Message) -> None:
        """Write a message; LineEnded where the agent does not read it."""
        content = memoryview(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        ends = time.monotonic() + WRITE_S
        while content:
            too_many = len(self._arrived) > MOST_ARRIVED or self._waiting > LARGEST_ARRIVED
            left = -1.0 if too_many else ends - time.monotonic()
            heard, ready, _ = select.select([self.reads], [self.writes], [], max(0.0, left))
            if left < 0 or not (heard or ready):
                raise line_ended("the agent does not read what it is sent")
            if heard:  # it may wait for us to read before it reads
                self._read()
            if not ready:
                continue
            try:
                content = content[os.write(self.writes, content) :]
            except BlockingIOError:
                continue
            except OSError:
                raise line_ended("the agent ended") from None

    def receive(self, timeout_s: float) -> Message | None:
        """The next message, or None where none came in time; LineEnded once there will be none."""
        ends = time.monotonic() + timeout_s
        is_over = False
        while not self._arrived:
            if is_over or not select.select([self.reads], [], [], max(0.0, ends - time.monotonic()))[0]:
                return None
            self._read()
            is_over = time.monotonic() >= ends
        size, message = self._arrived.popleft()
        self._waiting -= size
        return message

    def _read(self) -> None:
        try:
            piece = os.read(self.reads, _PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            how = "in the middle of a message" if self._rest.strip() else "without an answer"
            raise line_ended(f"the agent ended {how}")
        self._rest += piece
        while (end := self._rest.find(b"\n", self._looked)) >= 0:
            self._take(bytes(self._rest[:end]))
            del self._rest[: end + 1]
            self._looked = 0
        self._looked = len(self._rest)
        if self._looked > LONGEST_MESSAGE:
            raise line_ended(f"the agent sent a message of more than {LONGEST_MESSAGE >> 20} MiB")

    def _take(self, line: bytes) -> None:
        message = _message(line)
        if message is not None:
            self._arrived.append((len(line), message))
            self._waiting += len(line)
            return
        self._noises += 1
        if self._noises > MOST_NOISE:
            raise line_ended(f"the agent printed more than {MOST_NOISE} lines that are no message")
        if line.strip():
            self.noise.append(safe(line[:1_000].decode("utf-8", "replace")))


def _message(line: bytes) -> Message | None:
    """The message in a line; None for anything else, such as one that nests without measure."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not _is_shallow(found, _DEEP):
        return None
    named = isinstance(found.get("method"), str)
    answers = "id" in found and ("result" in found or isinstance(found.get("error"), dict))
    return found if named or answers else None


def _is_shallow(value: object, left: int) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return left > 0 and all(_is_shallow(each, left - 1) for each in inner)
