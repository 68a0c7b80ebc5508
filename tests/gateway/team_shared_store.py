"""A team's database that two gateways share: either can be killed at any message to it, before and after an answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

from gateway.shop import Clock, Shop
from onloop.errors import OnloopError
from onloop.store.postgres.database_inspection import inspect_database
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.postgres.statement_bundle import Rows, Statement
from support.postgres_server import OWNER
from support.team_store import opened_team_store, team_database, team_server


class Killed(BaseException):
    """The process is no more."""


class DoomedLink:
    """Sends what it is told, until the message with that number: odd ones are sent first, and not answered."""

    def __init__(self, link: DatabaseLink, point: int) -> None:
        self.link, self.point, self.count = link, point, 0
        self._rows, self._together = link.rows, link.together
        link.rows = self.rows  # type: ignore[method-assign]
        link.together = self.together  # type: ignore[method-assign]

    def rows(self, query: str, values: Sequence[Any] = ()) -> Rows:
        return cast("Rows", self._sent(lambda: self._rows(query, values)))

    def together(self, statements: Sequence[Statement]) -> list[Rows]:
        return cast("list[Rows]", self._sent(lambda: self._together(statements)))

    def _sent(self, send: Callable[[], Any]) -> Any:
        self.count += 1
        if self.count < self.point // 2:
            return send()
        if self.count == self.point // 2 and self.point % 2:
            send()
        self.link.drop()
        raise Killed


@cache
def _beginning() -> str:
    """A database in which people are enrolled and nothing else has happened."""
    database = team_database()
    with tempfile.TemporaryDirectory() as folder:
        store = opened_team_store(database, Path(folder))
        Shop(store)
        store.close()
    return database


class TeamSharedStore:
    """See SharedStore: here the two are gateways of one database."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.folder = clock, tempfile.TemporaryDirectory()
        self.database = team_server().database(_beginning())
        self._open()

    def _open(self) -> None:
        self.stores = [self._opened(number) for number in (0, 1)]
        self.shops = [Shop(store, self.clock) for store in self.stores]

    def _opened(self, number: int) -> PostgresStore:
        folder = Path(self.folder.name) / str(number)
        folder.mkdir(exist_ok=True)
        return opened_team_store(self.database, folder)

    def _close(self) -> None:
        while self.stores:
            self.stores.pop().close()

    def restart(self) -> None:
        """Both gateways end in good order, and two others begin."""
        self._close()
        self._open()

    def remove(self) -> None:
        """There was never such a store."""
        self._close()
        self.folder.cleanup()
        team_server().execute(f"DROP DATABASE {self.database} WITH (FORCE)")

    def problems(self) -> tuple[str, ...]:
        """What verification finds."""
        link = DatabaseLink(team_server().url(self.database, OWNER), "team", 30_000)
        try:
            return inspect_database(link, self.stores[0].anchor).problems
        finally:
            link.drop()

    def die_in(self, act: Callable[[Shop], object], point: int) -> bool:
        """A gateway is killed at the message with that number; whether `act` was done before, and acknowledged."""
        store = self._opened(2)
        shop, is_done = Shop(store, self.clock), False
        DoomedLink(store.link, point)
        with suppress(OnloopError, Killed):
            try:
                act(shop)
                is_done = True
            except OnloopError:
                is_done = True
        store.close()
        self.restart()
        return is_done
