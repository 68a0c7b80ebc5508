"""A store of an earlier version comes forward whole, with a backup, or stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest

from gateway.served import line_to, prove_people, resident
from gateway.shop import Shop
from onloop.errors import StoreError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.home import Home
from onloop.machine.commands import Cancel
from onloop.remote.client import ClientStore, GatewayClient
from onloop.store.rows import (
    ROWS,
    BaseResultRow,
    BriefRow,
    CallRow,
    Delivery,
    DeliveryBody,
    EnvironmentRow,
    FiringRow,
    FleetMember,
    LastHour,
    LauncherSlot,
    LauncherUse,
    LinkRow,
    ReadingSession,
    Token,
    TriggerSubject,
    WorkerRow,
    WorkSlot,
    idempotency_key,
    table_of,
)
from onloop.store.seal import added, seal_of
from onloop.store.sqlite.database import FILE, SCHEMA_VERSION, SqliteStore, anchor_of, identity
from onloop.store.sqlite.inspection import inspect
from onloop.store.sqlite.migrations import migrate
from onloop.views.sub_agents import SubAgentNews
from store.furnished import furnished

SCHEMAS = Path(__file__).parent / "schemas"
NEW = (
    *(BaseResultRow, LauncherSlot, LauncherUse, ReadingSession, WorkSlot, EnvironmentRow, LastHour, FleetMember),
    *(FiringRow, CallRow, LinkRow, Delivery, DeliveryBody, TriggerSubject, WorkerRow),
)
"""Kinds of rows that versions before 6 did not know; version 6 knew the first, version 7 all but the last eleven."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as version 1 of the schema kept it: the same rows, with neither seals nor the log's own chain."""
    furnished(tmp_path / "new").store.close()
    connection = _as_of(1, tmp_path)
    connection.execute("DELETE FROM head WHERE run=''")
    for key, principal in connection.execute("SELECT key, principal FROM event WHERE key <> ''").fetchall():
        connection.execute("UPDATE remembered SET key=? WHERE key=?", (key, idempotency_key(str(principal), str(key))))
    connection.close()
    return tmp_path / "old"


@pytest.fixture
def without_sub_agents(tmp_path: Path) -> Path:
    """A store as version 2 of the schema kept it, which knew no sub-agents in an agent's process."""
    furnished(tmp_path / "new").store.close()
    connection = _as_of(2, tmp_path)
    connection.execute("DELETE FROM tally WHERE name='subagent'")
    connection.close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


@pytest.fixture
def widely_laid_out(tmp_path: Path) -> Path:
    """A store as version 3 of the schema kept it: every row with an index of its own, briefs with their verdicts."""
    furnished(tmp_path / "new").store.close()
    _as_of(3, tmp_path).close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


@pytest.fixture
def of_nobodys_tokens(tmp_path: Path) -> Path:
    """A store as version 4 of the schema kept it, in which a token was whoever had it."""
    furnished(tmp_path / "new").store.close()
    _as_of(4, tmp_path).close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


@pytest.fixture
def without_base_results(tmp_path: Path) -> Path:
    """A store as version 5 of the schema kept it, which forgot what gates gave on bases."""
    furnished(tmp_path / "new").store.close()
    _as_of(5, tmp_path).close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


@pytest.fixture
def without_launchers(tmp_path: Path) -> Path:
    """A store as version 6 of the schema kept it, to which nobody came over the network."""
    furnished(tmp_path / "new").store.close()
    _as_of(6, tmp_path).close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


@pytest.fixture
def without_environments(tmp_path: Path) -> Path:
    """A store as version 7 of the schema kept it, which knew neither slots of scopes nor environments."""
    furnished(tmp_path / "new").store.close()
    _as_of(7, tmp_path).close()
    anchor_of(tmp_path / "new").rename(anchor_of(tmp_path / "old"))
    return tmp_path / "old"


def _as_of(version: int, folder: Path) -> apsw.Connection:
    """The rows of `new` in a store `old` of that version, as far as it has a place for them."""
    (folder / "old").mkdir()
    connection = apsw.Connection(str(folder / "old" / FILE))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"{(SCHEMAS / f'{version}.sql').read_text()} {identity(version)}")
    connection.execute("ATTACH ? AS new", (str(folder / "new" / FILE),))
    tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type='table'").fetchall()
    for (table,) in tables:
        names = [str(row[1]) for row in connection.execute(f"PRAGMA main.table_info({table})").fetchall()]
        columns = ",".join("1" if (table, name) == ("brief", "epoch") else name for name in names)
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")  # noqa: S608
    if 1 < version < 6:
        connection.execute("DELETE FROM main.tally WHERE name='baseresult'")
    if 1 < version < 7:
        _seal_tokens(connection, "digest, agent, task, epoch, step" + (", uid" if version > 4 else ""))
    return connection


def _seal_tokens(connection: apsw.Connection, columns: str) -> None:
    """Tokens named no user before version 5, no launcher before version 7, and their seals covered none."""
    total = "0" * 64
    for row in connection.execute(f"SELECT {columns} FROM main.token").fetchall():  # noqa: S608
        seal = seal_of("token", row)
        connection.execute("UPDATE main.token SET seal=? WHERE digest=?", (seal, row[0]))
        total = added(total, seal)
    connection.execute("UPDATE main.tally SET sum=? WHERE name='token'", (total,))


def _rows(file: Path, table: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    found: list[tuple[object, ...]] = list(connection.execute(f"SELECT * FROM {table} ORDER BY 1"))  # noqa: S608
    connection.close()
    return found


def _made(file: Path) -> set[tuple[object, ...]]:
    """The statements that make everything in a file."""
    return {row[4:] for row in _rows(file, "sqlite_schema")}


def test_an_older_store_is_refused_with_the_verb_that_brings_it_up_to_date(old: Path) -> None:
    with pytest.raises(StoreError, match="has schema version 1, and this onloop needs") as told:
        SqliteStore(old)

    assert "onloop store migrate" in told.value.hint


def test_a_migrated_store_has_the_same_log_and_verifies(old: Path) -> None:
    events = _rows(old / FILE, "event")

    found, backup = migrate(old)

    assert found == 1
    assert backup is not None
    assert _rows(backup, "event") == events == _rows(old / FILE, "event")
    store = SqliteStore(old)
    assert inspect(store).problems == ()
    store.close()


def test_a_migrated_store_can_be_served_and_knows_the_keys_that_were_used(old: Path) -> None:
    migrate(old)
    shop = Shop(SqliteStore(old))
    length = len(shop.log())

    with resident(Home(old), shop.clock):
        line = line_to(Home(old))
        shop.gateway = GatewayClient(line, ClientStore(line), shop.clock)
        prove_people(shop.gateway)
        shop.gateway.perform(PerformCommand(shop.person(), "r3", Cancel(shop.voice(), "not needed"), key="second"))
        assert len(shop.log()) == length
        shop.freeze("run:r2")
        assert len(shop.log()) == length + 1
        line.close()

    assert isinstance(shop.store, SqliteStore)
    assert inspect(shop.store).problems == ()
    shop.store.close()


def test_a_store_without_room_for_sub_agents_gets_it_and_keeps_all_it_had(without_sub_agents: Path) -> None:
    with pytest.raises(StoreError, match="has schema version 2, and this onloop needs"):
        SqliteStore(without_sub_agents)
    tables = ("event", "task", "house", "lease", "head", "blob")
    before = {table: _rows(without_sub_agents / FILE, table) for table in tables}

    found, backup = migrate(without_sub_agents)

    assert (found, backup is not None) == (2, True)
    assert {table: _rows(without_sub_agents / FILE, table) for table in tables} == before
    shop = Shop(SqliteStore(without_sub_agents))
    shop.gateway.perform(Heartbeat(shop.claim("r1.3"), news=(SubAgentNews("a1", "Explore"),)))
    assert isinstance(shop.store, SqliteStore)
    assert inspect(shop.store).problems == ()
    shop.store.close()


def test_a_store_that_is_laid_out_anew_keeps_all_it_had_but_briefs_which_are_made_again(widely_laid_out: Path) -> None:
    every = [table_of(kind) for kind in ROWS if kind not in {BriefRow, Token, *NEW}]
    before = {table: _rows(widely_laid_out / FILE, table) for table in ("event", "task", "house", "blob", *every)}
    assert _rows(widely_laid_out / FILE, "brief")

    migrate(widely_laid_out)

    assert {table: _rows(widely_laid_out / FILE, table) for table in before} == before
    assert _rows(widely_laid_out / FILE, "brief") == []
    assert _made(widely_laid_out / FILE) == _made(widely_laid_out.parent / "new" / FILE)
    shop = Shop(SqliteStore(widely_laid_out))
    shop.claim("r1.3")
    assert isinstance(shop.store, SqliteStore)
    assert inspect(shop.store).problems == ()
    shop.store.close()
    assert [row[0] for row in _rows(widely_laid_out / FILE, "brief")] == ["r1.3"]


def test_tokens_of_an_earlier_store_go_on_to_be_whoevers_has_them_and_new_ones_are_the_claimers(
    of_nobodys_tokens: Path,
) -> None:
    every = [table_of(kind) for kind in ROWS if kind not in {Token, *NEW}]
    before = {table: _rows(of_nobodys_tokens / FILE, table) for table in ("event", "task", "house", "blob", *every)}
    old = _rows(of_nobodys_tokens / FILE, "token")

    assert migrate(of_nobodys_tokens)[0] == 4

    assert {table: _rows(of_nobodys_tokens / FILE, table) for table in before} == before
    assert [row[:5] for row in _rows(of_nobodys_tokens / FILE, "token")] == [row[:5] for row in old]
    assert _made(of_nobodys_tokens / FILE) == _made(of_nobodys_tokens.parent / "new" / FILE)
    shop = Shop(SqliteStore(of_nobodys_tokens))
    shop.claim("r1.3")
    with shop.store.reading() as at:
        assert {row.task: row.uid for row in at.select(Token)} == {
            row[2]: os.getuid() if row[2] == "r1.3" else None for row in [*old, ("", "", "r1.3")]
        }
    assert isinstance(shop.store, SqliteStore)
    assert inspect(shop.store).problems == ()
    shop.store.close()


def test_a_store_that_forgot_results_on_bases_keeps_them_from_now_on(without_base_results: Path) -> None:
    events = _rows(without_base_results / FILE, "event")
    assert migrate(without_base_results)[0] == 5
    store = SqliteStore(without_base_results)
    store.transact(lambda tx: tx.put(BaseResultRow("k", "ab", "tests", "{}", 7)))
    assert (_rows(without_base_results / FILE, "event"), inspect(store).problems) == (events, ())
    store.close()


def test_a_store_that_knew_no_launchers_gets_room_for_them_and_keeps_its_tokens(without_launchers: Path) -> None:
    every = [table_of(kind) for kind in ROWS if kind not in {Token, *NEW[1:]}]
    before = {table: _rows(without_launchers / FILE, table) for table in ("event", "task", "house", "blob", *every)}
    tokens = _rows(without_launchers / FILE, "token")

    assert migrate(without_launchers)[0] == 6

    assert {table: _rows(without_launchers / FILE, table) for table in before} == before
    assert [row[:9] for row in _rows(without_launchers / FILE, "token")] == [(*row[:6], "", "", 0) for row in tokens]
    assert _made(without_launchers / FILE) == _made(without_launchers.parent / "new" / FILE)
    store = SqliteStore(without_launchers)
    assert inspect(store).problems == ()
    store.close()


def test_a_store_that_is_up_to_date_is_left_alone(old: Path) -> None:
    migrate(old)
    before = sorted(path.name for path in old.iterdir())

    assert migrate(old) == (SCHEMA_VERSION, None)
    assert sorted(path.name for path in old.iterdir()) == before


@pytest.mark.parametrize(
    "version",
    ["old", "without_sub_agents", "widely_laid_out", "of_nobodys_tokens", "without_base_results", "without_launchers"],
)
def test_what_somebody_else_keeps_in_the_file_is_named_before_anything_is_done(
    version: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(version)
    connection = apsw.Connection(str(folder / FILE))
    connection.execute("ANALYZE; CREATE VIEW mine AS SELECT 1")

    with pytest.raises(StoreError, match="holds the view 'mine', which is not part of onloop") as told:
        migrate(folder)

    assert "DROP VIEW mine" in told.value.hint
    assert list(folder.glob("*.backup")) == []
    connection.execute("DROP VIEW mine")
    connection.close()
    migrate(folder)
    store = SqliteStore(folder)
    assert inspect(store).problems == ()
    store.close()


def test_whoever_has_the_store_open_while_it_is_migrated_is_told_so_and_writes_nothing(tmp_path: Path) -> None:
    shop = furnished(tmp_path / "store")
    assert isinstance(shop.store, SqliteStore)
    other = apsw.Connection(str(tmp_path / "store" / FILE))
    other.execute(f"BEGIN; ALTER TABLE brief RENAME TO older; PRAGMA user_version={SCHEMA_VERSION + 1}; COMMIT")
    length = other.execute("SELECT count(*) FROM event").fetchall()

    with pytest.raises(StoreError, match=f"has schema version {SCHEMA_VERSION + 1}, and this onloop knows"):
        shop.freeze("all")
    with pytest.raises(StoreError, match="has schema version"), shop.store.reading() as at:
        at.select(BriefRow)

    assert other.execute("SELECT count(*) FROM event").fetchall() == length
    other.close()
    shop.store.close()


def test_a_newer_store_is_not_taken_back(old: Path) -> None:
    connection = apsw.Connection(str(old / FILE))
    connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(StoreError, match="has schema version 99"):
        migrate(old)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("DROP TRIGGER event_is_never_changed; UPDATE event SET principal='human:mallory' WHERE seq=9", "event 9"),
        ("UPDATE task SET data=replace(data, 'Fix it', 'Fox it') WHERE id='r2'", "r2"),
        ("DELETE FROM task WHERE id='r3'", "r3"),
    ],
)
def test_what_was_tampered_with_is_not_sealed_anew(old: Path, tampering: str, named: str) -> None:
    connection = apsw.Connection(str(old / FILE))
    connection.execute(tampering)
    connection.close()
    before = {table: _rows(old / FILE, table) for table in ("event", "task", "house", "head")}

    with pytest.raises(StoreError, match=named):
        migrate(old)

    assert {table: _rows(old / FILE, table) for table in before} == before


def test_a_store_that_knew_no_environments_gets_room_for_them_and_keeps_the_rest(without_environments: Path) -> None:
    every = [table_of(kind) for kind in ROWS if kind not in NEW[4:]]
    before = {table: _rows(without_environments / FILE, table) for table in ("event", "task", "house", "blob", *every)}

    assert migrate(without_environments)[0] == 7

    assert {table: _rows(without_environments / FILE, table) for table in before} == before
    assert _made(without_environments / FILE) == _made(without_environments.parent / "new" / FILE)
    store = SqliteStore(without_environments)
    store.transact(lambda tx: tx.put(WorkSlot("run:r1/000", "run:r1")))
    assert inspect(store).problems == ()
    store.close()
