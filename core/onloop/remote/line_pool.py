"""Lines to one gateway that are used again and again, by one thread at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from onloop.records import Record, field
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.line import RETRY_S, Line

LOOK_ANYWAY_S = 10.0

AT_ONCE: tuple[float, ...] = ()
"""No patience: it is said at once that the gateway has gone."""


class LineMaker(Protocol):
    """Makes a line to the one gateway."""

    def __call__(self, credentials: Credentials, patience: Sequence[float]) -> Line:
        """A line that proves what is proved with the same credentials."""
        ...


class LinePool(Record):
    """What is proved over one of its lines is proved over all: a person says their passphrase once."""

    made: LineMaker
    credentials: Credentials = field(default_factory=Credentials)
    _spare: deque[Line] = field(default_factory=deque)

    def client(self) -> GatewayClient:
        """A client over a line that nobody uses now; closing its store gives the line back."""
        try:
            line = self._spare.pop()
        except IndexError:
            line = self.made(self.credentials, RETRY_S)
        return GatewayClient(line, _LentStore(line, self._spare.append), line.clock)

    def impatient(self) -> GatewayClient:
        """A client over a line of its own, which says at once that the gateway has gone."""
        line = self.made(Credentials(bearer=self.credentials.bearer), AT_ONCE)
        return GatewayClient(line, _FollowedStore(line), line.clock)

    def forget(self) -> None:
        """Forget who proved themselves, and hang up the lines that know it."""
        self.credentials.people.clear()
        self.close()

    def close(self) -> None:
        """Hang up all that nobody uses now."""
        while self._spare:
            self._spare.pop().close()


class _FollowedStore(ClientStore):
    """See Store: its stamp waits for news where the line can."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._followed = line
        self._seen: int | None = None
        self._told, self._told_at = 0, 0.0

    def stamp(self) -> int:
        """See Store.stamp; after a while it differs in any case: gateways that take turns may say the same."""
        stamp, now = self._followed.news(self._seen), time.monotonic()
        if stamp != self._seen or now - self._told_at > LOOK_ANYWAY_S:
            self._seen, self._told, self._told_at = stamp, self._told + 1, now
        return self._told


class _LentStore(ClientStore):
    """See Store: closing it hangs nothing up."""

    def __init__(self, line: Line, give_back: Callable[[Line], object]) -> None:
        super().__init__(line)
        self._lent, self._give_back = line, give_back

    def close(self) -> None:
        """Give the line back."""
        self._give_back(self._lent)
