"""The time of a team's database: what every gateway goes by, whatever the clock of its own machine says.

Leases, timers and events of one store would else be given by clocks that may be hours apart.
"""

from __future__ import annotations

import time
from functools import cache

from onloop.store.postgres.database_link import DatabaseLink

BUSY_MS = 10_000
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class DatabaseClock:
    """Asked once in a while, and counted on from there by the time that passes here, which nobody sets."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._ahead_ms: float | None = None

    def __call__(self) -> int:
        """Now, ms since the epoch, UTC."""
        if self._ahead_ms is None:
            self._ask_alone()
        return int(time.monotonic() * 1000 + (self._ahead_ms or 0.0))

    def ask(self, link: DatabaseLink) -> None:
        """Look at the database's clock; it may be wrong by half of the time that the answer takes."""
        before = time.monotonic()
        ((now,),) = link.rows(_NOW)
        self._ahead_ms = now - (before + time.monotonic()) * 500

    def _ask_alone(self) -> None:
        link = DatabaseLink(self._url, self._name, BUSY_MS)
        try:
            with link.guarded():
                self.ask(link)
        finally:
            link.drop()


@cache
def database_clock(url: str, name: str) -> DatabaseClock:
    """The one clock of this process for a database."""
    return DatabaseClock(url, name)
