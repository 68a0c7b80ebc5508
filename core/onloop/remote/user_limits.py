"""What one user may have under way at a resident gateway, so that nobody keeps others, people least of all, from it.

A user is a peer's uid, as the kernel says. The gateway's own user could as well open the file, and takes turns only.
"""

from __future__ import annotations

import resource
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from onloop.errors import BadInput, Unavailable

_KIB, _MIB = 1_024, 1_048_576

MOST_FILES = 4_096
FILES_OF_OURS = 512
MOST_CONNECTIONS = 1_024
MOST_OF_ONE = 128
RESERVED = 256
"""Connections that are kept for users who have few."""
FEW = 8

LARGEST_REQUEST = 1 * _MIB
MOST_HELD = 8 * _MIB
"""Bytes of requests that one user may have sent and not been answered yet."""
MOST_UNREAD = 4 * _MIB
"""Bytes of answers past which a user who does not read them is asked nothing more."""
LARGEST_ANSWER = 64 * _MIB

STALLED_S = 30.0
"""How long a request may be half sent."""
UNREAD_S = 10.0
OWN_UNREAD_S = 60.0
"""How long an answer may lie unread."""

TURN_REQUESTS = 32
OWN_TURN_REQUESTS = 512
TURN_BYTES = 256 * _KIB
"""How much of one user's is carried out before it is somebody else's turn."""
RATE = 500.0
BURST = 500.0
"""Requests of one user: in a second, and at once after a rest."""


class Asking(Protocol):
    """A connection on which something was asked."""

    @property
    def uid(self) -> int:
        """The user at its other end."""
        ...

    @property
    def own(self) -> bool:
        """Whether that is the gateway's user."""
        ...

    @property
    def due(self) -> int:
        """How many bytes its next request has."""
        ...

    @property
    def waits_since(self) -> float:
        """When it was last served, in seconds."""
        ...


L = TypeVar("L", bound=Asking)
R = TypeVar("R")


@dataclass(slots=True)
class _Share:
    connections: int = 0
    held: int = 0
    unread: int = 0
    allowance: float = BURST
    counted_at: float = 0.0

    @property
    def is_idle(self) -> bool:
        return not (self.connections or self.held or self.unread) and self.allowance >= BURST


@dataclass(slots=True)
class UserLimits:
    """Who has how much under way. One thread asks it."""

    most: int = MOST_CONNECTIONS
    _shares: dict[int, _Share] = field(default_factory=dict)
    _connections: int = 0
    _last: int = -1

    def admit(self, uid: int, *, own: bool) -> None:
        """Count a connection in; Unavailable where the user has enough, or the rest is kept for who has few."""
        share = self._share(uid)
        few = own or share.connections < FEW
        if self._connections >= (self.most if few else self.most - RESERVED):
            raise Unavailable(f"{self._connections} connections are open", hint="try again")
        if not own and share.connections >= MOST_OF_ONE:
            words = f"user {uid} has {share.connections} connections, and {MOST_OF_ONE} is the most"
            raise Unavailable(words, hint="close some that nobody uses")
        share.connections += 1
        self._connections += 1

    def leave(self, uid: int, held: int, unread: int) -> None:
        """A connection has ended that had so much under way."""
        share = self._share(uid)
        share.connections -= 1
        self._connections -= 1
        share.held -= held
        share.unread -= unread

    def weigh(self, uid: int, held: int, unread: int, *, own: bool) -> None:
        """A connection has so many more bytes sent and unanswered, and answered and unread; BadInput for too many."""
        share = self._share(uid)
        share.held += held
        share.unread += unread
        if held > 0 and not own and share.held > MOST_HELD:
            words = f"user {uid} has sent {share.held} bytes that are not answered yet"
            raise BadInput(words, hint=f"have at most {MOST_HELD} under way")

    def turn(self, waiting: Iterable[L], now: float) -> tuple[list[L], bool]:
        """Who is served now, users one after the other, and whether there is more that could be at once."""
        queues: dict[int, deque[L]] = {}
        for line in sorted(waiting, key=lambda line: line.waits_since):
            queues.setdefault(line.uid, deque()).append(line)
        order = sorted(queues, key=lambda uid: (uid <= self._last, uid))
        taken: list[L] = []
        more = False
        for uid in order:
            found, left = self._portion(uid, queues[uid], now)
            taken += found
            more = more or left
        self._last = order[0] if order else -1
        return taken, more

    def _portion(self, uid: int, queue: deque[L], now: float) -> tuple[list[L], bool]:
        share, own = self._share(uid), queue[0].own
        if own:
            return list(queue)[:OWN_TURN_REQUESTS], len(queue) > OWN_TURN_REQUESTS
        share.allowance = min(BURST, share.allowance + (now - share.counted_at) * RATE) if share.counted_at else BURST
        share.counted_at = now
        taken: list[L] = []
        size = 0
        while queue and len(taken) < min(TURN_REQUESTS, int(share.allowance)) and share.unread <= MOST_UNREAD:
            if taken and size + queue[0].due > TURN_BYTES:
                break
            size += queue[0].due
            taken.append(queue.popleft())
        share.allowance -= len(taken)
        return taken, bool(queue) and share.allowance >= 1 and share.unread <= MOST_UNREAD

    def forget_idle(self) -> None:
        """Forget users of whom there is nothing to remember."""
        for uid in [uid for uid, share in self._shares.items() if share.is_idle]:
            del self._shares[uid]

    def _share(self, uid: int) -> _Share:
        return self._shares.setdefault(uid, _Share())


@dataclass(slots=True)
class Queue(Generic[R]):
    """What waits to be done aside, users in turn: `size` at a time, of one user `each`."""

    size: int
    each: int
    _waiting: dict[int, deque[R]] = field(default_factory=dict)
    _running: dict[int, int] = field(default_factory=dict)

    def put(self, uid: int, request: R) -> None:
        """Wait."""
        self._waiting.setdefault(uid, deque()).append(request)

    def done(self, uid: int) -> None:
        """One of the user's is done."""
        self._running[uid] -= 1
        if not self._running[uid]:
            del self._running[uid]

    def take(self) -> Sequence[R]:
        """What is to be begun now."""
        taken: list[R] = []
        while sum(self._running.values()) < self.size:
            uid = next((uid for uid in self._waiting if self._running.get(uid, 0) < self.each), None)
            if uid is None:
                break
            queue = self._waiting.pop(uid)
            taken.append(queue.popleft())
            self._running[uid] = self._running.get(uid, 0) + 1
            if queue:
                self._waiting[uid] = queue  # behind the others
        return taken


def room_for_connections() -> int:
    """How many connections this process can hold, with as many files as it may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return max(2 * RESERVED, min(MOST_CONNECTIONS, files - FILES_OF_OURS))
