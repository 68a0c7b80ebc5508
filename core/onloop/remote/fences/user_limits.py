"""What one account may have under way at a resident gateway, so that nobody keeps others, people least of all, from it.

An account is a user of this machine, or whoever a credential names. The gateway's own user could as well open the file,
and takes turns only.
"""

from __future__ import annotations

import resource
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from onloop.errors import BadInput, Unavailable
from onloop.identity.accounts import account_words

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
    def account(self) -> str:
        """In whose name it is counted."""
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
    _shares: dict[str, _Share] = field(default_factory=dict)
    _connections: int = 0
    _last: str = ""

    def admit(self, account: str, *, own: bool) -> None:
        """Count a connection in; Unavailable where the user has enough, or the rest is kept for who has few."""
        share = self._share(account)
        few = own or share.connections < FEW
        if self._connections >= (self.most if few else self.most - RESERVED):
            raise Unavailable(f"{self._connections} connections are open", hint="try again")
        if not own and share.connections >= MOST_OF_ONE:
            words = f"{account_words(account)} has {share.connections} connections, and {MOST_OF_ONE} is the most"
            raise Unavailable(words, hint="close some that nobody uses")
        share.connections += 1
        self._connections += 1

    def leave(self, account: str, held: int, unread: int) -> None:
        """A connection has ended that had so much under way."""
        share = self._share(account)
        share.connections -= 1
        self._connections -= 1
        share.held -= held
        share.unread -= unread

    def move(self, before: str, after: str, held: int, unread: int) -> None:
        """A connection with so much under way is another account's from now on; Unavailable where that has enough."""
        if self._share(after).connections >= MOST_OF_ONE:
            raise Unavailable(
                f"{account_words(after)} has {MOST_OF_ONE} connections, which is the most",
                hint="close some that nobody uses",
            )
        self.leave(before, held, unread)
        share = self._share(after)
        share.connections += 1
        self._connections += 1
        share.held += held
        share.unread += unread

    def weigh(self, account: str, held: int, unread: int, *, own: bool) -> None:
        """A connection has so many more bytes sent and unanswered, and answered and unread; BadInput for too many."""
        share = self._share(account)
        share.held += held
        share.unread += unread
        if held > 0 and not own and share.held > MOST_HELD:
            words = f"{account_words(account)} has sent {share.held} bytes that are not answered yet"
            raise BadInput(words, hint=f"have at most {MOST_HELD} under way")

    def turn(self, waiting: Iterable[L], now: float) -> tuple[list[L], bool]:
        """Who is served now, users one after the other, and whether there is more that could be at once."""
        queues: dict[str, deque[L]] = {}
        for line in sorted(waiting, key=lambda line: line.waits_since):
            queues.setdefault(line.account, deque()).append(line)
        order = sorted(queues, key=lambda account: (account <= self._last, account))
        taken: list[L] = []
        more = False
        for account in order:
            found, left = self._portion(account, queues[account], now)
            taken += found
            more = more or left
        self._last = order[0] if order else ""
        return taken, more

    def _portion(self, account: str, queue: deque[L], now: float) -> tuple[list[L], bool]:
        share, own = self._share(account), queue[0].own
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
        for account in [account for account, share in self._shares.items() if share.is_idle]:
            del self._shares[account]

    def _share(self, account: str) -> _Share:
        return self._shares.setdefault(account, _Share())


@dataclass(slots=True)
class Queue(Generic[R]):
    """What waits to be done aside, users in turn: `size` at a time, of one user `each`."""

    size: int
    each: int
    _waiting: dict[str, deque[R]] = field(default_factory=dict)
    _running: dict[str, int] = field(default_factory=dict)

    def put(self, account: str, request: R) -> None:
        """Wait."""
        self._waiting.setdefault(account, deque()).append(request)

    def done(self, account: str) -> None:
        """One of the user's is done."""
        self._running[account] -= 1
        if not self._running[account]:
            del self._running[account]

    def take(self) -> Sequence[R]:
        """What is to be begun now."""
        taken: list[R] = []
        while sum(self._running.values()) < self.size:
            account = next((account for account in self._waiting if self._running.get(account, 0) < self.each), None)
            if account is None:
                break
            queue = self._waiting.pop(account)
            taken.append(queue.popleft())
            self._running[account] = self._running.get(account, 0) + 1
            if queue:
                self._waiting[account] = queue  # behind the others
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
