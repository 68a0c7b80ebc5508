"""Somebody on the database's host who may act as the gateways' role, or as any other: the log is out of their reach."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.database_schema import create_tables
from onloop.store.postgres.postgres_store import BUSY_MS
from support.postgres_server import GATEWAY
from support.team_store import team_server

FORBIDDEN = (
    "UPDATE event SET data = '{}'",
    "DELETE FROM event",
    "TRUNCATE event",
    "UPDATE seal SET log_hash = ''",
    "DELETE FROM seal",
    "UPDATE blob SET bytes = ''",
    "DELETE FROM blob",
    "ALTER TABLE event DISABLE TRIGGER ALL",
    "DROP TRIGGER event_is_never_changed ON event",
    "DROP TABLE event",
    "ALTER TABLE event ADD COLUMN more text",
    "SET session_replication_role = replica",
    "CREATE TABLE mine (n int)",
    "CREATE FUNCTION sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "UPDATE about_store SET version = 1",
    "COPY event TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "CREATE ROLE more SUPERUSER",
    "SET ROLE onloop_owner",
)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    name = team_server().database()
    link = DatabaseLink(team_server().url(name), name, BUSY_MS)
    create_tables(link, GATEWAY)
    link.drop()
    yield name
    team_server().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_gateways_role_changes_nothing_that_was_written(database: str, statement: str) -> None:
    with psycopg.connect(team_server().url(database, GATEWAY), autocommit=True) as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement.encode())
        assert refused.value.sqlstate == "42501", refused.value


def test_another_role_of_the_cluster_reads_nothing_and_holds_up_nobody(database: str) -> None:
    team_server().execute("DROP ROLE IF EXISTS curious", "CREATE ROLE curious LOGIN")
    try:
        with pytest.raises(psycopg.Error) as refused:  # it might take the locks that writers share, and keep them
            psycopg.connect(team_server().url(database, "curious")).close()
        assert "permission denied for database" in str(refused.value)
    finally:
        team_server().execute("DROP ROLE curious")
