"""The packets of Textual's driver for the web: a letter, a length, and so many bytes. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

GREETING = b"__GANGLION__\n"
"""What a dashboard says before its first packet."""
APART = b"__APART__\n"
"""What it says before that, once no other process can look into it: then it is told whose it is."""
DATA, META = b"D", b"M"
HEAD = 5


def packet(kind: bytes, payload: bytes) -> bytes:
    """A packet as it is sent."""
    return kind + len(payload).to_bytes(4, "big") + payload


def typed(text: str) -> bytes:
    """What somebody typed, as a packet."""
    return packet(DATA, text.encode("utf-8", "replace"))


def told(**what: str | int) -> bytes:
    """Something about the browser, as a packet."""
    return packet(META, json.dumps(what).encode())


def head_of(content: bytes) -> tuple[bytes, int]:
    """The letter and the length at the beginning of a packet."""
    return content[:1], int.from_bytes(content[1:HEAD], "big")


def is_leaving(kind: bytes, payload: bytes) -> bool:
    """Whether a packet says that the dashboard was left."""
    if kind != META:
        return False
    try:
        said = json.loads(payload)
    except ValueError:
        return False
    return isinstance(said, Mapping) and said.get("type") == "exit"
