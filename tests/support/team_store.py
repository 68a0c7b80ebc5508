"""Stores on PostgreSQL for tests: one server for all tests of a process, and a database for each test."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.database_schema import APPEND_ONLY, CHANGED, create_tables
from onloop.store.postgres.postgres_store import BUSY_MS, PostgresStore
from support.postgres_server import GATEWAY, PostgresServer, postgres_server

TEMPLATE = "onloop_template"


@cache
def team_server() -> PostgresServer:
    """The server of this process, which ends with it."""
    running = ExitStack()
    server = running.enter_context(postgres_server())
    atexit.register(running.close)
    return server


@cache
def template() -> str:
    """The name of a database that holds an empty store, of which others are made."""
    server = team_server()
    server.execute(f"CREATE DATABASE {TEMPLATE} OWNER onloop_owner")
    link = DatabaseLink(server.url(TEMPLATE), TEMPLATE, BUSY_MS)
    create_tables(link, GATEWAY)
    link.drop()
    return TEMPLATE


def team_database() -> str:
    """The name of a new database with an empty store."""
    return team_server().database(template())


def opened_team_store(database: str, folder: Path, role: str = GATEWAY, busy_ms: int = BUSY_MS) -> PostgresStore:
    """The store in a database, as a gateway opens it; its anchor is in `folder`."""
    return PostgresStore(team_server().url(database, role), f"postgresql:///{database}", folder / "anchor", busy_ms)


@contextmanager
def team_store(folder: Path) -> Iterator[PostgresStore]:
    """A store in a database of its own, which is emptied for the next one at the end: making one takes much longer."""
    database = _SPARE.pop() if _SPARE else team_database()
    opened = opened_team_store(database, folder)
    try:
        yield opened
    finally:
        opened.close()
        team_server().execute(*_emptying(), database=database)
        _SPARE.append(database)


_SPARE = list[str]()


def _emptying() -> Iterator[str]:
    """The statements that make a store as it was when it was made."""
    yield "SET session_replication_role = replica"  # else the log does not let go of anything
    for table in (*APPEND_ONLY, *CHANGED):
        yield f"DELETE FROM {table}"  # noqa: S608 - all names are ours
    yield "INSERT INTO tally SELECT slot, '' FROM generate_series(1, 16) AS slot"
    for table, column in (("pending", "place"), ("task", "ordinal")):
        yield f"ALTER TABLE {table} ALTER COLUMN {column} RESTART"
