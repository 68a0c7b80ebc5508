"""One connection to a resident gateway: who is at the other end, and what of theirs is under way."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from onloop.machine.operation import Operation
from onloop.records import Record
from onloop.remote.client_session import ClientSession
from onloop.remote.fences.user_limits import OWN_UNREAD_S, STALLED_S, UNREAD_S
from onloop.remote.framing import Frames, Raw
from onloop.remote.intake import Intake
from onloop.remote.unix_socket import Peer

LONGEST_SILENCE_S, LONGEST_NETWORK_SILENCE_S = 30.0, 300.0
"""How long a connection may stay silent while it holds a place in the quarantine."""


def is_ours(peer: Peer) -> bool:
    """Whether it runs as the gateway's user, who is fenced in less; what it may do is a matter of proof."""
    return not peer.is_network and peer.uid in {os.getuid(), 0}


@dataclass(slots=True, eq=False)
class ServerConnection:
    """One connection: what has arrived and is not done, and what is not sent yet."""

    socket: socket.socket
    caller: ClientSession
    frames: Frames
    account: str
    """In whose name it is counted: its caller's, as far as the server has taken note."""
    asked: deque[bytes] = field(default_factory=deque)
    unsent: bytearray = field(default_factory=bytearray)
    hatch: Intake = field(default_factory=Intake)
    busy: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    taken: int = 0
    sent_at: float = 0.0
    waits_since: float = 0.0
    weight: tuple[int, int] = (0, 0)
    """What the fences know of: bytes that were sent and are unanswered, and bytes that are unread."""

    def take(self, message: bytes) -> None:
        """A question waits for its turn; bytes go where they were announced."""
        if isinstance(message, Raw):
            self.hatch.take(message)
        else:
            self.asked.append(message)

    @property
    def own(self) -> bool:
        """Whether that is the gateway's user."""
        return is_ours(self.caller.peer)

    @property
    def due(self) -> int:
        """How many bytes its next request has."""
        return len(self.asked[0]) if self.asked else 0

    @property
    def is_ready(self) -> bool:
        """Whether its next request may be taken up: its last answer has been read."""
        return bool(self.asked) and not self.busy and not self.unsent

    @property
    def is_under_way(self) -> bool:
        """Whether its caller has asked something that is not answered, or has not read the answer."""
        return self.busy or bool(self.asked) or bool(self.unsent)

    def is_overdue(self, now: float) -> bool:
        """Whether it has held something for too long: half a request, an answer that it does not read, a place."""
        if self.unsent and now - self.sent_at > (OWN_UNREAD_S if self.own else UNREAD_S):
            return True
        silent_s = now - self.heard_at
        is_stalled = self.frames.held and silent_s > STALLED_S
        longest_s = LONGEST_NETWORK_SILENCE_S if self.caller.peer.is_network else LONGEST_SILENCE_S
        return bool(is_stalled or (self.hatch.is_open and not self.busy and silent_s > longest_s))

    @property
    def is_of_people(self) -> bool:
        """Whether a person, or the gateway's user, has proved to be at its other end."""
        return self.own or self.caller.is_of_people


class WireRequest(Record):
    """What is asked over a connection: the operation as it counts for whoever asks, and whose turn it takes."""

    line: ServerConnection
    operation: Operation[Any]
    account: str
