"""What a dashboard of the page is told when it begins: over an inherited channel, which no other process can read."""

from __future__ import annotations

import json
import os

from onloop.errors import BadInput
from onloop.records import SecretRecord
from onloop.store.codec import from_plain, to_plain

LARGEST = 8_192


class AppHandover(SecretRecord):
    """Whose dashboard it is, what its gateway is called, and with which session it reads."""

    url: str
    session: str
    person: str
    task: str = ""
    """The task to begin with; empty for none."""

    def line(self) -> bytes:
        """It, as one line."""
        return json.dumps(to_plain(self)).encode() + b"\n"


def read_handover(descriptor: int) -> AppHandover:
    """What stands in the channel's first line; BadInput where that is no handover. The channel stays open."""
    told = bytearray()
    while not told.endswith(b"\n") and len(told) < LARGEST:
        piece = os.read(descriptor, LARGEST)
        if not piece:
            break
        told += piece
    try:
        found: AppHandover = from_plain(AppHandover, json.loads(told))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadInput("nobody handed a session over", hint="the gateway starts it: onloop serve --web") from None
    return found
