"""`store verify`: everything in the file against log, seals, schema and anchor; each difference is named."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import chain, islice

import apsw

from onloop.errors import StoreError
from onloop.machine.store_state import HOUSE
from onloop.store.chain import GENESIS
from onloop.store.codec import to_text
from onloop.store.differences import MOST, differs, shown, tally_differs
from onloop.store.rows import ROWS, StoreRow, table_of
from onloop.store.rows import columns as columns_of
from onloop.store.seal import added, seal_of
from onloop.store.sqlite.database import SqliteStore, schema
from onloop.store.sqlite.faults import faults
from onloop.store.sqlite.statements import TASK_COLUMNS, task_row
from onloop.store.sqlite.tables import UNTALLIED, Tables
from onloop.store.verification import Derives, Fold, Verified, fold_log, verified

_SCHEMA = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_stat%'"


def inspect(store: SqliteStore, derives: Derives | None = None) -> Verified:
    """Compare everything in the store with what the log says, and with what `derives` computes from it.

    Damage is a problem in the answer, never an error.
    """
    problems: list[str] = []
    fold = Fold()
    try:
        with store.reading(), faults(store.path):
            tables = Tables(store.connection)
            problems += chain(_file(tables), _unread(tables))
            fold, told = fold_log(tables, () if derives is None else (derives.absorb,))
            problems += chain(told, _tasks(tables, fold), _folded(tables, fold))
            problems += _beside(tables)
            blobs = set[str]()
            problems += _blobs(tables, blobs)
            problems += _anchored(store, tables)
            if derives is not None:
                problems += islice(derives.problems(tables, fold, frozenset(blobs)), MOST)
                problems += islice(derives.elsewhere(fold), MOST)
    except StoreError as problem:
        problems.append(problem.message)
    return verified(fold, problems[:MOST])


def _file(tables: Tables) -> Iterator[str]:
    """SQLite's own view of its pages and indexes, and the schema."""
    for (said,) in tables.run(f"PRAGMA integrity_check({MOST})"):
        if said != "ok":
            yield f"the file: {said}"
    memory = apsw.Connection(":memory:")
    memory.execute(schema())
    wanted, found = (dict(reader.run(_SCHEMA)) for reader in (Tables(memory), tables))
    memory.close()
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"schema {name}: {shown(found.get(name))}, expected {shown(wanted.get(name))}"


def _unread(tables: Tables) -> Iterator[str]:
    """Events at places that no reader of the log looks at."""
    for seq, task, name in tables.run("SELECT seq, task, name FROM event WHERE seq<1 ORDER BY seq LIMIT ?", (MOST,)):
        yield f"event {seq} ({shown(task)}, {shown(name)}): seq: the log begins at 1"


def _tasks(tables: Tables, fold: Fold) -> Iterator[str]:
    stored = {row[0]: row for row in tables.run("SELECT * FROM task")}
    for task_id, task in fold.tasks.items():
        last, first = fold.spans[task_id][1], fold.spans[task_id][0]
        expected = task_row(task, last, first)
        yield from differs("task", TASK_COLUMNS, stored.pop(task_id, None), (*expected, seal_of("task", expected)))
    for task_id in stored:
        yield f"task {shown(task_id)}: a row that no event explains"


def _folded(tables: Tables, fold: Fold) -> Iterator[str]:
    house = (HOUSE, to_text(fold.house))
    found = next(iter(tables.run("SELECT * FROM house")), None)
    if found is not None or fold.house.id or fold.house.people or fold.house.freezes:
        yield from differs("house", ("id", "data"), found, (*house, seal_of("house", house)))
    stored = {row[0]: row for row in tables.run("SELECT * FROM head")}
    for run, head in fold.heads.items():
        expected = (run, head.count, head.hash)
        columns = ("run", "count", "hash")
        yield from differs("head", columns, stored.pop(run, None), (*expected, seal_of("head", expected)))
    for run in stored:
        yield f"head {shown(run or 'of the log')}: a row that no event explains"


def _beside(tables: Tables) -> Iterator[str]:
    """Rows outside the fold: each against its seal, and each table against its tally."""
    for kind in ROWS:
        if kind in UNTALLIED:
            continue
        table, total, count = table_of(kind), GENESIS, 0
        for *row, seal in tables.run(f"SELECT {','.join(columns_of(kind))}, seal FROM {table}"):  # noqa: S608
            expected = seal_of(table, row)
            if seal != expected:
                yield f"{table} {shown(row[0])}: {_columns(kind)}: seal {shown(seal)}, expected {expected:.12}"
            total, count = added(total, expected), count + 1
        yield from _tallied(tables, table, count, total)
    for (name,) in tables.run("SELECT name FROM tally"):
        if name not in {table_of(kind) for kind in ROWS} | {"blob"}:
            yield f"tally {shown(name)}: it belongs to no table"


def _columns(kind: type[StoreRow]) -> str:
    return f"one of {', '.join(columns_of(kind))}"


def _blobs(tables: Tables, found: set[str]) -> Iterator[str]:
    """Check each blob against its digest, and add it to `found`."""
    total, count = GENESIS, 0
    for (digest,) in tables.run("SELECT digest FROM blob"):
        ((content,),) = tables.run("SELECT bytes FROM blob WHERE digest=?", (digest,))
        expected = sha256(content).hexdigest()
        if digest != expected:
            yield f"blob {shown(digest)}: bytes: their digest is {expected:.12}"
        found.add(digest)
        total, count = added(total, expected), count + 1
    yield from _tallied(tables, "blob", count, total)


def _tallied(tables: Tables, table: str, count: int, total: str) -> Iterator[str]:
    found = next(iter(tables.run("SELECT count, sum FROM tally WHERE name=?", (table,))), (0, GENESIS))
    yield from tally_differs(table, count, total, found)


def _anchored(store: SqliteStore, tables: Tables) -> Iterator[str]:
    log = tables.log_head()
    if store.anchor.read() is None and log.count:
        yield f"there is no anchor at {store.anchor.path}: onloop cannot tell whether the log was cut"
    yield from store.anchor.problems(tables, log)
