"""A team's database as its owner sees it: made, migrated beside gateways, examined, filled, dumped and restored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from onloop.access.opening import open_file
from onloop.errors import BadInput, OnloopError, StoreError
from onloop.gateway.service import append_store_event
from onloop.home import Home
from onloop.insight.derivation import Derivation
from onloop.insight.inspected import inspected
from onloop.insight.store_transfer import copy_store
from onloop.machine.box_facts import ProbeAsked
from onloop.machine.store_state import StoreCreated
from onloop.opened_store import open_store
from onloop.store.port import Transaction
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.examination import examined
from onloop.store.postgres.foundation import make_schema, migrate_schema
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.postgres.schema_version import SCHEMA_VERSION, check_version
from onloop.store.rows import LOG, Head, WorkSlot
from support.postgres_server import GATEWAY, OWNER
from support.team_store import opened_team_store, team_database, team_server

NAME = "postgresql://db.example/team"


@pytest.fixture
def database() -> Iterator[str]:
    """The name of a database with an empty store."""
    name = team_database()
    yield name
    team_server().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def empty() -> Iterator[str]:
    """The name of a database without anything in it."""
    name = team_server().database()
    yield name
    team_server().execute(f"DROP DATABASE {name} WITH (FORCE)")


def home_at(folder: Path, database: str, role: str = OWNER) -> Home:
    """The folder of a machine that goes with a database."""
    return Home(folder / "store", database=team_server().url(database, role))


def begin(store: PostgresStore) -> None:
    def body(tx: Transaction) -> None:
        append_store_event(tx, StoreCreated("s1", scripted=True), 1, "launcher:init")
        tx.put_blob(b"\0bytes")

    store.transact(body, about="house")


def test_two_who_make_the_tables_at_once_make_them_once(empty: str) -> None:
    url = team_server().url(empty)
    make_schema(url, NAME)

    make_schema(url, NAME, GATEWAY)

    with pytest.raises(BadInput, match="no role 'nobody-there'"):
        make_schema(url, NAME, "nobody-there")


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET at = 2", "DELETE FROM event", "DELETE FROM seal", "TRUNCATE blob"]
)
def test_the_role_of_gateways_can_change_nothing_that_was_written(
    database: str, tmp_path: Path, statement: str
) -> None:
    opened = opened_team_store(database, tmp_path)
    begin(opened)

    with pytest.raises(StoreError, match="lets our role do too little"), opened.link.guarded():
        opened.link.rows(statement)
    opened.close()


def _widen(link: DatabaseLink) -> None:
    link.connection.execute(b"ALTER TABLE task ADD COLUMN colour text")


def _nothing(_: DatabaseLink) -> None:
    pass


def test_a_migration_goes_on_beside_a_gateway_of_the_version_before_which_then_goes_on(
    database: str, tmp_path: Path
) -> None:
    opened = opened_team_store(database, tmp_path)
    after = SCHEMA_VERSION + 1

    found = migrate_schema(team_server().url(database), NAME, steps={SCHEMA_VERSION: _widen}, version=after)
    begin(opened)

    assert found == (SCHEMA_VERSION, after)
    opened_team_store(database, tmp_path).close()
    with opened.reading() as at:
        assert at.last_seq() == 1
    opened.close()


def test_an_onloop_that_is_two_versions_behind_is_refused_and_one_that_runs_notices(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opened_team_store(database, tmp_path)
    steps = {SCHEMA_VERSION: _widen, SCHEMA_VERSION + 1: _nothing}
    migrate_schema(team_server().url(database), NAME, steps=steps, version=SCHEMA_VERSION + 2)

    with pytest.raises(StoreError, match=f"this onloop knows {SCHEMA_VERSION}"):
        opened_team_store(database, tmp_path)
    monkeypatch.setattr("onloop.store.postgres.postgres_store.LOOK_S", 0.0)
    with pytest.raises(StoreError, match=f"this onloop knows {SCHEMA_VERSION}"):
        begin(opened)
    with pytest.raises(StoreError, match="knows"):
        migrate_schema(team_server().url(database), NAME)
    opened.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(database: str, tmp_path: Path) -> None:
    def broken(link: DatabaseLink) -> None:
        _widen(link)
        link.rows("SELECT 1 / 0")

    with pytest.raises(OnloopError):
        migrate_schema(team_server().url(database), NAME, steps={SCHEMA_VERSION: broken}, version=SCHEMA_VERSION + 1)

    opened = opened_team_store(database, tmp_path)
    begin(opened)
    opened.close()


@pytest.mark.parametrize(
    ("version", "oldest", "words"), [(5, 5, "onloop store migrate"), (8, 8, "upgrade onloop"), (7, 6, ""), (6, 6, "")]
)
def test_which_onloop_may_work_with_which_tables(version: int, oldest: int, words: str) -> None:
    if not words:
        check_version(version, oldest, NAME, ours=6)
        return
    with pytest.raises(StoreError) as refused:
        check_version(version, oldest, NAME, ours=6)
    assert words in refused.value.hint


@pytest.mark.parametrize(
    ("role", "bad"), [(GATEWAY, set()), (OWNER, {"role"}), ("postgres", {"role"}), ("stranger", {"database"})]
)
def test_doctor_says_whether_the_role_can_do_too_much_or_too_little(database: str, role: str, bad: set[str]) -> None:
    found = list(examined(team_server().url(database, role), NAME))

    assert {each.name for each in found if not each.good} - {"durability"} == bad


def test_doctor_says_that_a_database_is_read_only_and_that_its_clock_is_far_from_ours(
    database: str,
) -> None:
    team_server().execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    found = {each.name: each for each in examined(team_server().url(database, GATEWAY), NAME, lambda: 1e9)}

    assert "read only" in found["database"].words
    assert not found["clock"].good
    assert "behind" in found["clock"].words


def test_the_time_of_a_store_is_the_databases_whatever_the_machine_says(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_time = time.time()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000_000_000_000)
    opened = open_file(home_at(tmp_path, database, GATEWAY))
    try:
        assert abs(opened.gateway.clock() / 1000 - true_time) < 600
    finally:
        opened.close()


def test_a_store_goes_into_a_database_and_back_the_same_to_the_last_hash(
    database: str, empty: str, tmp_path: Path
) -> None:
    opened = opened_team_store(database, tmp_path)
    begin(opened)
    opened.close()
    first, file, second = (
        home_at(tmp_path / "a", database),
        Home(tmp_path / "b" / "store"),
        home_at(tmp_path / "c", empty),
    )

    copy_store(first, file)
    copy_store(file, second)

    heads = []
    for home in (first, file, second):
        found = inspected(home, Derivation(home))
        assert found.problems in {
            (),
            (f"there is no anchor at {home.anchor}: onloop cannot tell whether the log was cut",),
        }
        store = open_store(home)
        with store.reading() as at:
            heads.append((at.get(Head, LOG), at.house(), at.get(Head, "house")))
            assert at.blob(sha256(b"\0bytes").hexdigest()) == b"\0bytes"
        store.close()
    assert heads[0] == heads[1] == heads[2]
    with pytest.raises(StoreError, match="has 1 events already"):
        copy_store(file, second)


def test_a_dump_that_is_restored_verifies_and_an_anchor_says_that_it_is_an_old_copy(
    database: str, empty: str, tmp_path: Path
) -> None:
    server = team_server()
    opened = opened_team_store(database, tmp_path)
    begin(opened)
    dump = server.folder / f"{database}.dump"
    server.run("pg_dump", "--format=custom", f"--file={dump}", server.url(database, "postgres"))
    with opened.reading():
        pass
    server.run("pg_restore", "--no-owner", f"--dbname={server.url(empty, 'postgres')}", str(dump))

    restored = opened_team_store(empty, tmp_path / "fresh")
    with restored.reading() as at:
        assert at.house().id == "s1"
    restored.close()
    opened.transact(lambda tx: append_store_event(tx, ProbeAsked("p", "me"), 2, "launcher:x"), about="house")
    with opened.reading():  # this machine has seen a newer log
        pass
    opened.close()

    old = PostgresStore(server.url(empty, GATEWAY), NAME, tmp_path / "anchor")
    with pytest.raises(StoreError, match="was cut, or is an old copy"), old.reading():
        pass
    old.close()


def test_a_database_of_version_7_gets_the_tables_that_are_new(database: str, tmp_path: Path) -> None:
    older = ("DROP TABLE workslot, environment", "UPDATE about_store SET version = 7, oldest = 7")
    team_server().execute(*older, database=database)

    assert migrate_schema(team_server().url(database), NAME, GATEWAY) == (7, SCHEMA_VERSION)

    opened = opened_team_store(database, tmp_path)
    opened.transact(lambda tx: tx.put(WorkSlot("run:r1/000", "run:r1")), about="r1")
    opened.close()
