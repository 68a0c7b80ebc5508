"""From an older schema to this one: forward only, with a backup, verified before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import apsw

from onloop.errors import StoreError
from onloop.records import replace
from onloop.store.anchor import Anchor
from onloop.store.chain import GENESIS, log_link
from onloop.store.interchange import put_fold
from onloop.store.rows import LOG, ROWS, BriefRow, Head, IdempotencyRecord, StoreRow, Token, idempotency_key, table_of
from onloop.store.rows import columns as columns_of
from onloop.store.sqlite.database import (
    FILE,
    LOCK,
    SCHEMA_VERSION,
    anchor_of,
    identity,
    open_connection,
    schema,
    version_of,
)
from onloop.store.sqlite.fair_lock import FairLock
from onloop.store.sqlite.faults import faults
from onloop.store.sqlite.tables import Tables
from onloop.store.verification import fold_log, verify


def migrate(
    folder: Path, anchor: Path | None = None, may_begin: Callable[[], None] = lambda: None
) -> tuple[int, Path | None]:
    """Bring the store in `folder` to this schema version; the answer is the version it had, and where its backup is.

    StoreError, with the store as it was, when it is newer, or does not verify before or after. Where there is
    something to do, `may_begin` is asked first, which says no by an error.
    """
    path = folder / FILE
    if not path.is_file():
        raise StoreError(f"there is no store in {folder}", hint="onloop init makes one")
    turnstile = FairLock(folder / LOCK)
    try:
        with turnstile.turn(), faults(path):
            connection = open_connection(path)
            try:
                return _migrated(connection, path, Anchor(anchor or anchor_of(folder)), may_begin)
            finally:
                connection.close()
    finally:
        turnstile.close()


def _migrated(
    connection: apsw.Connection, path: Path, anchor: Anchor, may_begin: Callable[[], None]
) -> tuple[int, Path | None]:
    found = version_of(connection, path)
    if found > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {found}, and this onloop knows {SCHEMA_VERSION}",
            hint="a store only goes forward: pip install --upgrade onloop",
        )
    if found == SCHEMA_VERSION:
        return found, None
    if found not in STEPS:
        raise StoreError(f"{path} has schema version {found}, which never existed", hint="restore a backup")
    may_begin()
    _check_ours(connection, path)
    backup = _back_up(connection, path, found)
    connection.execute("PRAGMA synchronous=FULL; BEGIN IMMEDIATE")
    try:
        for version in range(found, SCHEMA_VERSION):
            STEPS[version](connection)
        connection.execute(identity(SCHEMA_VERSION))
        tables = Tables(connection)
        problems = verify(tables).problems
        if problems:
            raise StoreError(f"{path} does not verify after migration: {problems[0]}", hint=f"{backup} is as it was")
        head = tables.log_head()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    anchor.write(head)
    anchor.close()
    return found, backup


def _check_ours(connection: apsw.Connection, path: Path) -> None:
    """StoreError if the file holds something that is not onloop's, because a migration could destroy it."""
    for name, (kind, _) in _statements(connection).items():
        if name not in _wanted() and name not in _GONE:
            raise StoreError(
                f"{path} holds the {kind} {name!r}, which is not part of onloop",
                hint=f"keep it elsewhere, then: DROP {kind.upper()} {name}",
            )


def _back_up(connection: apsw.Connection, path: Path, version: int) -> Path:
    """A copy of the store as it is, whole and checked, under a name that is free."""
    number = 0
    while (backup := path.with_name(f"{path.name}.v{version}{f'.{number}' if number else ''}.backup")).exists():
        number += 1
    backup.touch(mode=0o600)
    connection.execute("VACUUM INTO ?", (str(backup),))
    copy = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
    said = next(iter(copy.execute("PRAGMA integrity_check")))[0]
    copy.close()
    if said != "ok":
        raise StoreError(f"{backup} is damaged: {said}", hint="the store is as it was; check the disk")
    return backup


def _seal_everything(connection: apsw.Connection) -> None:
    """1 → 2: rows carry seals, tables have tallies, the log has a chain of its own, runs can be archived."""
    old = _set_aside(connection)
    connection.execute(schema())
    now = Tables(connection)
    now.run("INSERT INTO event SELECT * FROM old_event")
    for (content,) in now.run("SELECT bytes FROM old_blob"):
        now.put_blob(content)
    for kind in ROWS:
        if kind is not BriefRow and f"old_{table_of(kind)}" in old:  # a brief's row said more: it is made again
            for row in _rows_of(now, kind):
                now.put(row)
    _own_keys(now)
    _chain_the_log(now)
    _check_state(now)
    now.flush()
    for table in old:
        connection.execute(f"DROP TABLE {table}")


def _rows_of(now: Tables, kind: type[StoreRow]) -> Iterator[StoreRow]:
    """The rows of a table that was set aside, which may know fewer fields than today."""
    old = f"old_{table_of(kind)}"
    known = {str(row[1]) for row in now.run(f"PRAGMA table_info({old})")}
    told = [name for name in columns_of(kind) if name in known]
    for row in now.run(f"SELECT {','.join(told)} FROM {old}"):  # noqa: S608 - all names are ours
        yield kind(**dict(zip(told, row, strict=True)))


def _set_aside(connection: apsw.Connection) -> list[str]:
    """Give the tables other names, without their indexes and triggers; the answer is those names."""
    found = _statements(connection)
    for name, (kind, _) in found.items():
        if kind != "table":
            connection.execute(f"DROP {kind.upper()} {name}")
    tables = [name for name, (kind, _) in found.items() if kind == "table"]
    for table in tables:
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    return [f"old_{table}" for table in tables]


def _own_keys(now: Tables) -> None:
    """Idempotency keys belong to the principal that used them; the log says who that was."""
    owners = dict(now.run("SELECT key, principal FROM event WHERE key <> ''"))
    for row in now.select(IdempotencyRecord):
        if row.key in owners:
            now.delete(IdempotencyRecord, row.key)
            now.put(replace(row, key=idempotency_key(owners[row.key], row.key)))


def _chain_the_log(now: Tables) -> None:
    end, last = GENESIS, 0
    for last, seal in now.run("SELECT seq, hash FROM event ORDER BY seq"):
        end = log_link(end, last, seal)
    if last:
        now.put(Head(LOG, last, end))


def _check_state(now: Tables) -> None:
    """Store the fold of the log; StoreError if the old rows differ, because damage is never repaired silently."""
    fold, problems = fold_log(now)
    put_fold(now, fold)
    for query, old in (
        ("SELECT id, data FROM task ORDER BY id", "SELECT id, data FROM old_task ORDER BY id"),
        ("SELECT id, data FROM house", "SELECT id, data FROM old_house"),
    ):
        differs = sorted(set(now.run(query)) ^ set(now.run(old)))
        problems += [f"{name}: its row differs from its events" for name, _ in differs[:1]]
    if problems:
        raise StoreError(f"the store does not verify: {problems[0]}", hint="restore a backup; the store is as it was")


def _add_what_is_new(connection: apsw.Connection) -> None:
    """2 → 3: room for sub-agents; 5 → 6: for results on bases. What the store has not is added."""
    found = _statements(connection)
    for name, (_, statement) in _wanted().items():
        if name not in found:
            connection.execute(statement)


def _lay_out_anew(connection: apsw.Connection) -> None:
    """3 → 4: rows lie so that a change touches half as many pages. What a brief's row says is less: it starts empty."""
    for statistics in ("sqlite_stat1", "sqlite_stat4"):  # of an ANALYZE: about indexes that are no more
        connection.execute(f"DROP TABLE IF EXISTS {statistics}")
    found, wanted = _statements(connection), _wanted()
    for name, (kind, _) in found.items():
        if kind != "table":
            connection.execute(f"DROP {kind.upper()} {name}")
    for name, (kind, statement) in found.items():
        if kind == "table" and statement != wanted[name][1]:
            connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
            connection.execute(wanted[name][1])
            if name == table_of(BriefRow):
                connection.execute("DELETE FROM tally WHERE name=?", (name,))
            elif name == table_of(Token):
                _seal_tokens(connection)
            else:
                connection.execute(f"INSERT INTO {name} SELECT * FROM old_{name}")  # noqa: S608 - all names are ours
            connection.execute(f"DROP TABLE old_{name}")
    _add_what_is_new(connection)


def _widen_tokens(connection: apsw.Connection) -> None:
    """4 → 5: tokens are bound to the user who claimed; 6 → 7: to the launcher. Of those in use it is not known."""
    name = table_of(Token)
    if _statements(connection)[name][1] == _wanted()[name][1]:  # a step before this one has made it anew
        return
    connection.execute(f"DROP INDEX IF EXISTS token_by_task; ALTER TABLE {name} RENAME TO old_{name}")
    connection.execute(_wanted()[name][1])
    _seal_tokens(connection)
    connection.execute(f"DROP TABLE old_{name}")
    _add_what_is_new(connection)


def _seal_tokens(connection: apsw.Connection) -> None:
    """Take the tokens over from the table that was set aside, and seal them with the field that is new."""
    now = Tables(connection)
    rows = list(_rows_of(now, Token))
    connection.execute("DELETE FROM tally WHERE name=?", (table_of(Token),))
    for row in rows:
        now.put(row)
    now.flush()


def _wanted() -> Mapping[str, tuple[str, str]]:
    """What the schema of this version makes."""
    made = apsw.Connection(":memory:")
    made.execute(schema())
    try:
        return _statements(made)
    finally:
        made.close()


def _statements(connection: apsw.Connection) -> Mapping[str, tuple[str, str]]:
    """By name, the kind of everything in a file and the statement that makes it, tables first; SQLite's own not."""
    query = (
        "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%' ESCAPE '^' "
        "ORDER BY type = 'table' DESC"
    )
    return {str(name): (str(kind), str(sql)) for name, kind, sql in connection.execute(query).fetchall()}


_GONE = frozenset({"task_by_seq", "task_claimable"})
"""Objects of older versions that this version does not have."""

STEPS: Mapping[int, Callable[[apsw.Connection], None]] = MappingProxyType(
    {
        1: _seal_everything,
        2: _add_what_is_new,
        3: _lay_out_anew,
        4: _widen_tokens,
        5: _add_what_is_new,
        6: _widen_tokens,
        7: _add_what_is_new,
        8: _add_what_is_new,
    }
)
"""From each older version, how the next one is reached."""
