"""What a real PostgreSQL says when it cannot do what is asked, in our words: what happened, and what would work."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from onloop.errors import BadInput, FailureKind, OnloopError, StoreError, Unavailable
from onloop.store.postgres.database_faults import database_faults
from support.postgres_server import GATEWAY, PostgresServer, postgres_server

NAME = "postgresql://onloop@/team"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as made:
        yield made


def _refusal(url: str, *statements: str) -> OnloopError:
    with pytest.raises(OnloopError) as refused, database_faults(NAME), psycopg.connect(url, autocommit=True) as line:
        for statement in statements:
            line.execute(statement.encode())
    problem = refused.value
    assert problem.message.startswith(NAME)
    assert problem.hint
    assert "\n" not in problem.message
    return problem


def test_a_server_that_is_not_there_can_be_waited_for(tmp_path: Path) -> None:
    problem = _refusal(f"postgresql:///team?host={tmp_path}")

    assert isinstance(problem, Unavailable)
    assert problem.kind is FailureKind.UNREACHABLE


def test_a_port_where_nobody_listens_can_be_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        problem = _refusal(f"postgresql://onloop:s3cret@127.0.0.1:{taken.getsockname()[1]}/team")

    assert isinstance(problem, Unavailable)
    assert "s3cret" not in f"{problem.message} {problem.hint}"


def test_a_host_that_has_no_address_can_be_waited_for() -> None:
    assert isinstance(_refusal("postgresql://onloop@no-such-host.invalid/team"), Unavailable)


def test_a_database_that_does_not_exist_is_named_with_what_makes_it(server: PostgresServer) -> None:
    problem = _refusal(server.url("nowhere"))

    assert isinstance(problem, StoreError)
    assert problem.kind is FailureKind.MISSING
    assert "createdb" in problem.hint


def test_a_role_that_does_not_exist_is_a_matter_of_credentials(server: PostgresServer) -> None:
    assert _refusal(server.url("postgres", "stranger")).kind is FailureKind.AUTH


def test_a_wrong_password_is_a_matter_of_credentials_and_is_not_repeated(server: PostgresServer) -> None:
    server.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all guarded scram-sha-256\n{before}")
    server.execute("SELECT pg_reload_conf()")
    try:
        for given in (":s3cret", ""):
            problem = _refusal(server.url("postgres", f"guarded{given}"))
            assert isinstance(problem, StoreError)
            assert problem.kind is FailureKind.AUTH
            assert "s3cret" not in f"{problem.message} {problem.hint}"
    finally:
        rules.write_text(before)
        server.execute("SELECT pg_reload_conf()")


def test_a_server_that_has_no_place_for_one_more_can_be_waited_for(server: PostgresServer) -> None:
    server.execute("CREATE ROLE lonely LOGIN CONNECTION LIMIT 0")

    problem = _refusal(server.url("postgres", "lonely"))

    assert isinstance(problem, Unavailable)
    assert "at most 4" in problem.hint


def test_a_database_that_is_set_to_read_only_is_said_to_be_a_standby_or_so(server: PostgresServer) -> None:
    name = server.database()
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    problem = _refusal(server.url(name), "CREATE TABLE t (a int)")

    assert isinstance(problem, Unavailable)
    assert "target_session_attrs" in problem.hint
    assert isinstance(_refusal(f"{server.url(name)}&target_session_attrs=read-write", "SELECT 1"), Unavailable)


def test_a_table_that_is_missing_means_that_no_store_is_there(server: PostgresServer) -> None:
    assert "onloop init" in _refusal(server.url(server.database()), "SELECT * FROM event").hint


def test_what_the_role_may_not_do_is_for_the_owner_to_grant(server: PostgresServer) -> None:
    name = server.database()
    server.execute("CREATE TABLE event (a int)", database=name)

    problem = _refusal(server.url(name, GATEWAY), "DELETE FROM event")

    assert isinstance(problem, StoreError)
    assert "--runtime-role" in problem.hint


@pytest.mark.parametrize("waits", ["SET statement_timeout = 20", "SET lock_timeout = 20"])
def test_whoever_waits_too_long_for_another_may_try_again(server: PostgresServer, waits: str) -> None:
    name = server.database()
    server.execute("CREATE TABLE t (a int)", "GRANT ALL ON t TO public", database=name)
    with psycopg.connect(server.url(name, "postgres")) as other:
        other.execute("LOCK TABLE t")

        problem = _refusal(server.url(name), waits, "SELECT * FROM t")

    assert isinstance(problem, Unavailable)
    assert problem.kind is FailureKind.BUSY


def test_an_address_with_a_setting_that_libpq_does_not_know_is_bad_input(server: PostgresServer) -> None:
    assert isinstance(_refusal(f"{server.url('postgres')}&colour=red"), BadInput)


def test_a_session_that_an_administrator_ended_can_be_taken_up_again(server: PostgresServer) -> None:
    problem = _refusal(server.url("postgres", "postgres"), "SELECT pg_terminate_backend(pg_backend_pid())")

    assert isinstance(problem, Unavailable)
    assert "failing over" in problem.message


def test_a_server_that_was_stopped_can_be_waited_for() -> None:
    with postgres_server() as other, psycopg.connect(other.url("postgres", "postgres"), autocommit=True) as kept:
        other.stop(signal.SIGINT)
        for _ in range(2):
            with pytest.raises(Unavailable) as refused, database_faults(NAME):
                kept.execute("SELECT 1")

            assert refused.value.kind is FailureKind.UNREACHABLE


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a disk that is small")
def test_a_disk_that_is_full_is_for_whoever_runs_the_server() -> None:
    with postgres_server(disk_mb=12) as small:
        name = small.database(more=small.small_disk())
        fills = "INSERT INTO t SELECT md5(a::text) FROM generate_series(1, 300000) a"

        problem = _refusal(small.url(name), "CREATE TABLE t (a text)", fills)

    assert isinstance(problem, StoreError)
    assert problem.kind is FailureKind.NO_SPACE
    assert "make room" in problem.hint
