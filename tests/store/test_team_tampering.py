"""Whatever is changed in a team's database behind onloop's back is found by verify, and named."""
# ruff: noqa: S608 - table names are ours

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.records import replace
from onloop.store.postgres.database_inspection import inspect_database
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.rows import ROWS, Lease, table_of
from store.furnished import furnish, let_in
from support.postgres_server import OWNER
from support.team_store import team_server, team_store

NOT_FURNISHED = {"archived"}
TABLES = tuple(
    name
    for name in ("event", "seal", "task", "house", "blob", "tally", *(table_of(kind) for kind in ROWS))
    if name not in NOT_FURNISHED
)
WITHOUT_MEANING = {("head", "turn"), ("task", "ordinal"), ("tally", "slot")}
"""Columns of which only what reads them would be wrong: which turn a run is at, the order of a list, a part's name."""


class Intruder:
    """Somebody who may do anything in the database, and knows no secrets of ours."""

    def __init__(self, store: PostgresStore, database: str) -> None:
        self.store = store
        self.line = psycopg.connect(team_server().url(database, "postgres"), autocommit=True)
        self.line.execute("SET session_replication_role = replica")
        self._link = DatabaseLink(team_server().url(database, OWNER), "team", 30_000)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        found = self.line.execute(query.encode(), values)
        return found.fetchall() if found.description else []

    def columns(self, table: str) -> list[str]:
        query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum"
        return [str(name) for (name,) in self.rows(query, table)]

    def problems(self) -> tuple[str, ...]:
        return inspect_database(self._link, self.store.anchor).problems

    def close(self) -> None:
        self.line.close()
        self._link.drop()


@pytest.fixture(scope="module")
def intruder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intruder]:
    with team_store(tmp_path_factory.mktemp("team")) as store:
        shop = furnish(Shop(store))
        let_in(shop)
        shop.check()
        made = Intruder(store, store.name.rpartition("/")[2])
        assert made.problems() == ()
        yield made
        assert made.problems() == ()  # each test has put back what it changed
        made.close()


def changed(value: object) -> object:
    if isinstance(value, int):
        return value + 7000
    return b"x" if isinstance(value, bytes) else f"{value or ''}x"


@pytest.mark.parametrize("table", TABLES)
def test_an_edit_of_any_column_of_any_table_is_found_and_its_table_named(intruder: Intruder, table: str) -> None:
    unnamed = dict[str, tuple[str, ...]]()
    for column in intruder.columns(table):
        if (table, column) in WITHOUT_MEANING:
            continue
        place, value = intruder.rows(f'SELECT ctid, "{column}" FROM {table} ORDER BY 1 LIMIT 1')[0]
        change = f'UPDATE {table} SET "{column}" = %s WHERE ctid = %s RETURNING ctid'
        try:
            ((moved,),) = intruder.rows(change, changed(value), place)
        except psycopg.errors.CheckViolation:
            continue  # the table itself says no
        found = intruder.problems()
        intruder.rows(change, value, moved)
        if not any(table in problem or column in problem for problem in found):
            unnamed[column] = found

    assert unnamed == {}


@pytest.mark.parametrize("table", [table for table in TABLES if table != "tally"])
def test_a_row_that_was_removed_or_added_is_missed(intruder: Intruder, table: str) -> None:
    kept = intruder.rows(f"SELECT * FROM {table} ORDER BY 1 LIMIT 1")[0]
    key = intruder.columns(table)[0]
    own = f'"{key}" = %s' if table != "event" else "run = %s AND run_seq = %s"
    intruder.rows(f"DELETE FROM {table} WHERE {own}", *kept[: own.count("%s")])
    missed = intruder.problems()
    places = ", ".join(["%s"] * len(kept))
    put = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE VALUES ({places})"
    intruder.rows(put, *kept)

    assert any(table in problem for problem in missed)
    if table == "house":
        return  # it has room for one row only
    intruder.rows(put, *map(changed, kept))
    added = intruder.problems()
    intruder.rows(f"DELETE FROM {table} WHERE {own}", *map(changed, kept[: own.count("%s")]))
    assert added != ()


def test_a_row_that_was_changed_is_given_to_nobody(intruder: Intruder) -> None:
    put = "UPDATE task SET data = %s WHERE id = 'r2'"
    ((data,),) = intruder.rows("SELECT data FROM task WHERE id = 'r2'")
    intruder.rows(put, data.replace("fail", "pass") + " ")

    with intruder.store.reading() as at, pytest.raises(StoreError, match="the row 'r2' of task is not as it was"):
        at.task("r2")
    intruder.rows(put, data)


def test_a_row_with_its_seal_put_back_from_an_earlier_time_is_found_by_the_tallies(intruder: Intruder) -> None:
    """The row itself is one that onloop wrote, once."""
    columns = ", ".join(f'"{column}"' for column in intruder.columns("lease"))
    old = intruder.rows("SELECT * FROM lease ORDER BY task LIMIT 1")[0]
    store = intruder.store
    task = str(old[0])

    def renew(tx: Any) -> None:
        lease = tx.get(Lease, task)
        tx.put(replace(lease, expires=lease.expires + 5))

    store.transact(renew, about=task)
    new = intruder.rows("SELECT * FROM lease WHERE task = %s", task)[0]
    put = f"UPDATE lease SET ({columns}) = ({', '.join(['%s'] * len(new))}) WHERE task = %s"
    intruder.rows(put, *old, task)

    found = intruder.problems()

    intruder.rows(put, *new, task)
    assert any("lease: the rows are not those that were written" in problem for problem in found)


def test_an_old_copy_that_was_put_back_takes_no_writes(tmp_path: Path) -> None:
    with team_store(tmp_path) as store:
        shop = Shop(store)
        shop.begin()
        with store.reading() as at:
            assert at.last_seq() > 0
        line = psycopg.connect(team_server().url(store.name.rpartition("/")[2], "postgres"), autocommit=True)
        line.execute("DELETE FROM head WHERE run = ''")
        line.close()

        with pytest.raises(StoreError, match="old copy"):
            shop.begin(run="r2")
