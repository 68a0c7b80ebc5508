"""Connections to one resident gateway that are used again and again, by one thread at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from onloop.records import Record, field
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection


class ConnectionPool(Record):
    """What is proved over one of them is proved over all: a person says their passphrase once."""

    path: Path
    store: Path | None
    clock: Callable[[], int]
    credentials: Credentials = field(default_factory=Credentials)
    _spare: deque[Connection] = field(default_factory=deque)

    def client(self) -> GatewayClient:
        """A client over a line that nobody uses now; closing its store gives the line back."""
        try:
            line = self._spare.pop()
        except IndexError:
            line = Connection(self.path, self.store, self.credentials)
        return GatewayClient(line, _LentStore(line, self._spare.append), self.clock)

    def impatient(self) -> GatewayClient:
        """A client over a line of its own, which says at once that the gateway has gone."""
        line = Connection(self.path, self.store, patience=())
        return GatewayClient(line, ClientStore(line), self.clock)

    def forget(self) -> None:
        """Forget who proved themselves, and hang up the lines that know it."""
        self.credentials.people.clear()
        self.close()

    def close(self) -> None:
        """Hang up all that nobody uses now."""
        while self._spare:
            self._spare.pop().close()


class _LentStore(ClientStore):
    """See Store: closing it hangs nothing up."""

    def __init__(self, line: Connection, give_back: Callable[[Connection], object]) -> None:
        super().__init__(line)
        self._lent, self._give_back = line, give_back

    def close(self) -> None:
        """Give the line back."""
        self._give_back(self._lent)
