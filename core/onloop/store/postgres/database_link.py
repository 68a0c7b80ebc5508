"""One connection to a team's database: how it is made, what it may wait for, and what is sent over it at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from onloop.store.postgres.database_faults import database_faults
from onloop.store.postgres.statement_bundle import Rows, Statement, StatementBundle

CONNECT_S = 10
IDLE_S, STATEMENT_S = 5, 60
"""How long the server keeps a transaction of ours that does nothing, and a statement that does not end, in seconds."""

_KEEPALIVES = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class DatabaseLink:
    """A connection that is made when it is first needed, and made anew after it was lost."""

    def __init__(self, url: str, name: str, busy_ms: int) -> None:
        self.name, self.busy_ms = name, busy_ms
        self._url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._bundle: tuple[psycopg.Connection[tuple[Any, ...]], StatementBundle] | None = None

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection, open."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connected()
        return self._connection

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        made = psycopg.connect(self._url, autocommit=True, prepare_threshold=None, **_KEEPALIVES)  # type: ignore[arg-type]
        settings = {
            "application_name": f"onloop {os.getpid()}@{socket.gethostname()}"[:63],
            "idle_in_transaction_session_timeout": f"{IDLE_S}s",
            "statement_timeout": f"{max(STATEMENT_S * 1000, self.busy_ms)}",
            "lock_timeout": f"{self.busy_ms}",
            "default_transaction_isolation": "read committed",
            "client_encoding": "UTF8",
            "bytea_output": "hex",
        }
        try:
            with made.pipeline():
                for setting, value in settings.items():
                    made.execute("SELECT set_config(%s, %s, false)", (setting, value))
        except BaseException:
            made.close()
            raise
        return made

    def rows(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Every row that a statement gives."""
        return self.together([(query, values)])[0]

    def together(self, statements: Sequence[Statement]) -> list[Rows]:
        """Carry out statements in one round trip; the answer is the rows of each. The first error ends them all."""
        connection = self.connection
        if self._bundle is None or self._bundle[0] is not connection:
            self._bundle = connection, StatementBundle(connection.pgconn)
        return self._bundle[1].carry_out(statements)

    def begin(self, statement: str) -> None:
        """Carry out a statement that gives no rows."""
        self.rows(statement)

    @property
    def is_cut(self) -> bool:
        """Whether the connection that there was is no more."""
        return self._connection is None or self._connection.closed or self._connection.broken

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Errors of the database in our words."""
        with database_faults(self.name):
            yield

    def give_up(self) -> None:
        """End the transaction, if one is open; a connection on which that fails is closed."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        try:
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self.rows("ROLLBACK")
        except psycopg.Error:
            self.drop()

    def drop(self) -> None:
        """Close the connection; the next use makes another."""
        connection, self._connection, self._bundle = self._connection, None, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
