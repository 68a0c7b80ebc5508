"""Whatever is changed behind onloop's back is found by verify, and named."""
# ruff: noqa: S311, S608 - chance makes tests here, and table names are ours

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from onloop.errors import StoreError
from onloop.gateway.service import append_store_event
from onloop.machine.store_state import Frozen
from onloop.records import replace
from onloop.store.chain import GENESIS, link, log_link
from onloop.store.port import Recorded, Transaction
from onloop.store.rows import ROWS, table_of
from onloop.store.seal import seal_of
from onloop.store.sqlite.database import FILE, SqliteStore, anchor_of
from onloop.store.sqlite.inspection import inspect
from store.furnished import furnished, let_in

TABLES = ("event", "task", "house", "blob", "tally", *(table_of(kind) for kind in ROWS))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "store"
    shop = furnished(folder)
    let_in(shop)
    shop.check()
    shop.store.close()
    assert _problems(folder) == ()
    return folder


def _copy(original: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(original, target)
    shutil.copyfile(anchor_of(original), anchor_of(target))
    return target


def _problems(folder: Path) -> tuple[str, ...]:
    store = SqliteStore(folder)
    try:
        return inspect(store).problems
    finally:
        store.close()


def _open(folder: Path) -> apsw.Connection:
    """As somebody with the file and an SQLite shell."""
    return apsw.Connection(str(folder / FILE))


def _without_triggers(connection: apsw.Connection, change: Callable[[], None]) -> None:
    """They are put back, so that only the rows give it away."""
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type='trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    change()
    for _, sql in triggers:
        connection.execute(str(sql))


def _changed(value: object, chance: random.Random) -> object:
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 1000))
    if isinstance(value, bytes):
        return value + b"x"
    at = chance.randrange(len(str(value)) + 1)
    return str(value)[:at] + chance.choice("0aZ9") + str(value)[at + chance.randrange(2) :]


def _edit(connection: apsw.Connection, chance: random.Random, table: str) -> bool:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
    keys = [row[0] for row in connection.execute(f"SELECT {columns[0]} FROM {table}").fetchall()]
    if not keys:
        return False
    column, key = chance.choice(columns), chance.choice(keys)
    before = next(iter(connection.execute(f"SELECT {column} FROM {table} WHERE {columns[0]}=?", (key,))))[0]
    after = _changed(before, chance)
    try:
        _run(connection, f"UPDATE {table} SET {column}=? WHERE {columns[0]}=?", after, key)
    except apsw.ConstraintError:
        return False
    return bool(after != before)


def _remove(connection: apsw.Connection, chance: random.Random, table: str) -> bool:
    name = next(iter(connection.execute(f"PRAGMA table_info({table})")))[1]
    keys = [row[0] for row in connection.execute(f"SELECT {name} FROM {table}").fetchall()]
    if not keys:
        return False
    _run(connection, f"DELETE FROM {table} WHERE {name}=?", chance.choice(keys))
    return True


def _insert(connection: apsw.Connection, chance: random.Random, table: str) -> bool:
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()
    if not rows:
        return False
    row = [_changed(value, chance) for value in chance.choice(rows)]
    try:
        _run(connection, f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", *row)
    except apsw.ConstraintError:
        return False
    return True


def _swap(connection: apsw.Connection, chance: random.Random, _: str) -> bool:
    """Two events change places."""
    last = next(iter(connection.execute("SELECT max(seq) FROM event")))[0]
    one, other = chance.sample(range(1, int(str(last)) + 1), 2)
    for was, will in ((one, -1), (other, one), (-1, other)):
        _run(connection, "UPDATE event SET seq=? WHERE seq=?", will, was)
    return True


def _cut(connection: apsw.Connection, chance: random.Random, _: str) -> bool:
    """The newest events are gone."""
    last = int(str(next(iter(connection.execute("SELECT max(seq) FROM event")))[0]))
    _run(connection, "DELETE FROM event WHERE seq>?", chance.randrange(last))
    return True


def _run(connection: apsw.Connection, query: str, *values: object) -> None:
    def change() -> None:
        connection.execute(query, values)

    connection.execute("SAVEPOINT tampering")
    try:
        _without_triggers(connection, change)
    except apsw.ConstraintError:
        connection.execute("ROLLBACK TO tampering; RELEASE tampering")
        raise
    connection.execute("RELEASE tampering")


TAMPERINGS = (_edit, _edit, _edit, _remove, _insert, _swap, _cut)


def _all_found(original: Path, folder: Path, count: int, seed: int) -> None:
    chance, done, missed = random.Random(seed), 0, []
    while done < count:
        copy = _copy(original, folder / "copy")
        connection, tampering, table = _open(copy), chance.choice(TAMPERINGS), chance.choice(TABLES)
        changed = tampering(connection, chance, table)
        connection.close()
        if not changed:
            continue
        done += 1
        if not _problems(copy):
            missed.append(f"{done}: {tampering.__name__} in {table}")
    assert missed == []


def test_a_hundred_random_tamperings_are_all_found(original: Path, tmp_path: Path) -> None:
    _all_found(original, tmp_path, 100, 5)


def test_an_event_before_the_first_is_named(original: Path, tmp_path: Path) -> None:
    copy = _copy(original, tmp_path / "copy")
    connection = _open(copy)
    columns = "run, 900, task, 900, name, data, at, principal, key, hash"
    _run(connection, f"INSERT INTO event SELECT -seq, {columns} FROM event WHERE seq=3")
    connection.close()

    assert any(problem.startswith("event -3 (") for problem in _problems(copy))


@pytest.mark.soak
def test_two_thousand_random_tamperings_are_all_found(original: Path, tmp_path: Path) -> None:
    _all_found(original, tmp_path, 2000, 6)


@pytest.mark.parametrize("table", [table for table in TABLES if table not in {"archived"}])
def test_an_edit_of_any_column_of_any_table_is_found_and_its_table_named(
    original: Path, tmp_path: Path, table: str
) -> None:
    connection = _open(_copy(original, tmp_path / "columns"))
    columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
    connection.close()
    found: dict[str, tuple[str, ...]] = {}
    for column in columns:
        copy = _copy(original, tmp_path / "copy")
        connection = _open(copy)
        query = f"SELECT {columns[0]}, {column} FROM {table} LIMIT 1"
        ((key, value),) = connection.execute(query).fetchall()
        new = value + 7000 if isinstance(value, int) else b"x" if isinstance(value, bytes) else f"{value}x"
        _ignoring_checks(connection, f"UPDATE {table} SET {column}=? WHERE {columns[0]}=?", new, key)
        connection.close()
        found[column] = _problems(copy)

    unnamed = {column: problems for column, problems in found.items() if not any(table in p for p in problems)}
    assert unnamed == {}


def _ignoring_checks(connection: apsw.Connection, query: str, *values: object) -> None:
    connection.execute("PRAGMA ignore_check_constraints=ON")
    _run(connection, query, *values)


def test_a_changed_state_row_is_named_with_column_and_what_was_expected(original: Path, tmp_path: Path) -> None:
    copy = _copy(original, tmp_path / "copy")
    connection = _open(copy)
    connection.execute("UPDATE task SET state='completed' WHERE id='r2'")
    connection.close()

    assert "task r2: state: completed, expected input_required" in _problems(copy)


def test_a_store_whose_rows_were_changed_gives_no_such_row_to_anybody(original: Path, tmp_path: Path) -> None:
    copy = _copy(original, tmp_path / "copy")
    connection = _open(copy)
    connection.execute("UPDATE task SET data=replace(data, 'fail', 'pass'), state='completed' WHERE id='r2'")
    connection.close()
    store = SqliteStore(copy)

    with store.reading() as at, pytest.raises(StoreError, match="the row 'r2' of task is not as it was written"):
        at.task("r2")
    store.close()


def test_a_suffix_that_was_rewritten_with_fitting_hashes_contradicts_the_anchor(original: Path, tmp_path: Path) -> None:
    copy = _copy(original, tmp_path / "copy")
    connection = _open(copy)
    _rewrite_last(connection)
    connection.close()

    problems = _problems(copy)

    assert len(problems) == 1
    assert "the log held another event there" in problems[0]


def _rewrite_last(connection: apsw.Connection) -> None:
    """Forge who did the last thing, and everything in the file that follows from it: only the anchor remembers."""
    rows = [Recorded(*row) for row in connection.execute("SELECT * FROM event ORDER BY seq").fetchall()]  # type: ignore[arg-type]
    last = rows[-1]
    forged = replace(last, principal="human:mallory")
    earlier = [event for event in rows[:-1] if event.run == last.run]
    seal = link(earlier[-1].hash, forged)
    end = GENESIS
    for event in rows[:-1]:
        end = log_link(end, event.seq, event.hash)
    end = log_link(end, last.seq, seal)
    _run(connection, "UPDATE event SET principal=?, hash=? WHERE seq=?", forged.principal, seal, last.seq)
    for run, count, value in ((last.run, last.run_seq, seal), ("", last.seq, end)):
        columns = (value, seal_of("head", (run, count, value)), run)
        connection.execute("UPDATE head SET hash=?, seal=? WHERE run=?", columns)


def test_an_old_copy_put_back_is_found_and_takes_no_writes(original: Path, tmp_path: Path) -> None:
    folder = _copy(original, tmp_path / "store")
    shutil.copytree(folder, tmp_path / "old")
    store = SqliteStore(folder)
    store.transact(lambda tx: append_store_event(tx, Frozen("all", "human:ana", "stop"), 1, "human:ana"))
    store.close()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)

    assert any("the log was cut, or is an old copy" in problem for problem in _problems(folder))
    restored = SqliteStore(folder)
    with pytest.raises(StoreError, match="old copy") as told:
        restored.transact(lambda _: None)
    restored.close()
    assert str(anchor_of(folder)) in told.value.hint


def test_an_anchor_that_is_behind_is_no_problem_and_is_brought_up(original: Path, tmp_path: Path) -> None:
    folder = _copy(original, tmp_path / "store")
    earlier = anchor_of(folder).read_bytes()
    store = SqliteStore(folder)

    def freeze_two(tx: Transaction) -> None:
        for number in (1, 2):
            append_store_event(tx, Frozen(f"run:{number}", "human:ana", "stop"), 1, "human:ana")

    store.transact(freeze_two)
    anchor_of(folder).write_bytes(earlier)
    assert inspect(store).problems == ()

    def freeze(tx: Transaction) -> int:
        append_store_event(tx, Frozen("run:3", "human:ana", "stop"), 1, "human:ana")
        return tx.last_seq()

    last = store.transact(freeze)

    anchored = store.anchor.read()
    assert anchored is not None
    assert anchored.count == last
    assert anchored == store.receipt
    store.close()


def test_an_anchor_that_was_moved_away_is_made_anew_by_whoever_has_the_store_open(
    original: Path, tmp_path: Path
) -> None:
    folder = _copy(original, tmp_path / "store")
    store = SqliteStore(folder)
    store.transact(lambda tx: append_store_event(tx, Frozen("run:1", "human:ana", "stop"), 1, "human:ana"))
    anchor_of(folder).rename(tmp_path / "aside")
    store.transact(lambda tx: append_store_event(tx, Frozen("run:2", "human:ana", "stop"), 1, "human:ana"))

    assert store.receipt is not None
    assert f'"seq": {store.receipt.count}' in anchor_of(folder).read_text()
    store.close()


def test_a_store_without_its_anchor_says_so(original: Path, tmp_path: Path) -> None:
    folder = _copy(original, tmp_path / "store")
    anchor_of(folder).unlink()

    assert any("there is no anchor at" in problem for problem in _problems(folder))


def test_a_trigger_that_is_gone_is_named(original: Path, tmp_path: Path) -> None:
    folder = _copy(original, tmp_path / "store")
    connection = _open(folder)
    connection.execute("DROP TRIGGER event_is_never_changed")
    connection.close()

    assert any(problem.startswith("schema event_is_never_changed: nothing") for problem in _problems(folder))
