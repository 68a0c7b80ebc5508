"""What goes over the socket: frames of JSON or of bytes, each after its length, and errors with their kind."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from onloop.errors import (
    BadInput,
    Exit,
    NotAllowed,
    OnloopError,
    Refused,
    Stale,
    StoreError,
    Unavailable,
    UnknownThing,
)

LENGTH = struct.Struct(">I")
LARGEST_REQUEST = 16 * 1_048_576
LARGEST_ANSWER = 256 * 1_048_576
LARGEST_RAW = 1_048_576
"""How many bytes a frame of bytes may have."""

_RAW = 1 << 31
"""Set in the length of a frame of bytes, which is never parsed."""


class Raw(bytes):
    """What a frame of bytes holds."""

    __slots__ = ()


def framed(text: str) -> bytes:
    """A message as it is sent."""
    content = text.encode("utf-8", "surrogateescape")
    return LENGTH.pack(len(content)) + content


def framed_raw(content: bytes) -> bytes:
    """Bytes as they are sent, at most LARGEST_RAW of them."""
    return LENGTH.pack(_RAW | len(content)) + content


class Frames:
    """Takes bytes as they arrive and returns whole messages; frames of bytes are Raw.

    BadInput for one that is longer than it may be.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._held = bytearray()

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their message."""
        return len(self._held)

    def feed(self, arrived: bytes) -> Iterator[bytes]:
        """The messages that are complete after `data` has arrived."""
        self._held += arrived
        while len(self._held) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._held)
            is_raw, length = bool(length & _RAW), length & ~_RAW
            largest = LARGEST_RAW if is_raw else self._largest
            if length > largest:
                raise BadInput(f"the message has {length} bytes", hint=f"send at most {largest}")
            end = LENGTH.size + length
            if len(self._held) < end:
                return
            message = self._held[LENGTH.size : end]
            del self._held[:end]
            yield Raw(message) if is_raw else bytes(message)


def parsed(message: bytes) -> Mapping[str, Any]:
    """The object in a message; BadInput if the message is not a JSON object."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"the message is not valid JSON: {problem}", hint="use the protocol of this onloop") from None
    if not isinstance(said, dict):
        raise BadInput(f"the message is a {type(said).__name__}, not an object", hint="send one object")
    return said


_PLAIN: Mapping[str, type[OnloopError]] = {
    kind.code: kind for kind in (BadInput, UnknownThing, Stale, NotAllowed, StoreError, Unavailable)
}


def error_text(problem: BaseException) -> str:
    """An error as an answer; for an unexpected error, only its type."""
    if not isinstance(problem, OnloopError):
        told = f"the gateway failed: {type(problem).__name__}"
        problem = Unavailable(told, hint="look at what onloop serve printed")
    said = {"code": problem.code, "exit": problem.exit, "message": problem.message, "hint": problem.hint}
    return json.dumps({"error": said})


def error_from(said: Mapping[str, Any]) -> OnloopError:
    """The error that `error_text` encoded."""
    message, hint = str(said["message"]), str(said["hint"])
    kind = _PLAIN.get(said["code"])
    return kind(message, hint=hint) if kind is not None else Refused(message, exit=Exit(said["exit"]), hint=hint)
