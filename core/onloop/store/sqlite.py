"""The durable store: SQLite through apsw, WAL, synchronous=FULL, writers in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import apsw

from onloop.errors import OnloopError, StoreError, Unavailable
from onloop.machine.house import HOUSE, House
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.store.chain import GENESIS, sealed
from onloop.store.codec import from_text, to_text
from onloop.store.port import Entry, Recorded, TaskFilter, Transaction
from onloop.store.rows import Head, Row
from onloop.store.rows import columns as columns_of
from onloop.store.turnstile import Turnstile

R = TypeVar("R", bound=Row)

APPLICATION_ID = 0x6F6E6C70
SCHEMA_VERSION = 1
FILE = "onloop.db"
BUSY_MS = 30_000

_SETTINGS = """
PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA trusted_schema=OFF;
PRAGMA wal_autocheckpoint=1000;
"""


class SqliteStore:
    """See Store. One object serves one thread; every process and thread opens its own."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`; StoreError when there is none, or it is not ours, or it is newer."""
        path = folder / FILE
        if not path.is_file():
            raise StoreError(
                f"there is no store in {folder}", hint="onloop init makes one; onloop demo makes one with work in it"
            )
        self.folder = folder
        with _faults(path):
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._connection.set_busy_timeout(BUSY_MS)  # first of all: after a kill, the first reader repairs the WAL
            check_identity(self._connection, path)
            self._connection.execute(_SETTINGS)
        self._turnstile = Turnstile(folder / "turnstile.lock")
        self._rows = _Rows(self._connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """See Store.reading."""
        with _faults(self.folder / FILE):
            self._connection.execute("BEGIN")
            try:
                yield self._rows
            finally:
                self._connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """See Store.writing."""
        with self._turnstile.turn(), _faults(self.folder / FILE):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._rows
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def stamp(self) -> int:
        """See Store.stamp."""
        with _faults(self.folder / FILE):
            return _one(self._connection.execute("PRAGMA data_version"))

    def close(self) -> None:
        """See Store.close. The last one to close checkpoints, so closing takes a turn as well."""
        with self._turnstile.turn():
            self._connection.close()
        self._turnstile.close()


def create_store(folder: Path) -> None:
    """Make an empty store in `folder` (0700); a store that is there already is left as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE
    turnstile = Turnstile(folder / "turnstile.lock")
    try:
        with turnstile.turn(), _faults(path):
            connection = apsw.Connection(str(path))
            connection.set_busy_timeout(BUSY_MS)
            path.chmod(0o600)
            if _one(connection.execute("PRAGMA application_id")) == 0 and not _tables(connection):
                connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
                schema = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
                identity = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION};"
                connection.execute(f"BEGIN IMMEDIATE; {schema} {identity} COMMIT")
            connection.close()
    finally:
        turnstile.close()


def check_identity(connection: apsw.Connection, path: Path) -> None:
    """Refuse a file that is not an onloop store, or one that a newer onloop made."""
    if _one(connection.execute("PRAGMA application_id")) != APPLICATION_ID:
        raise StoreError(f"{path} is not an onloop store", hint="give another folder with --store, or run onloop init")
    version = _one(connection.execute("PRAGMA user_version"))
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, and this onloop knows {SCHEMA_VERSION}",
            hint="use the onloop that made it: pip install --upgrade onloop",
        )


def _one(cursor: apsw.Cursor) -> int:
    return int(next(iter(cursor))[0])


def _tables(connection: apsw.Connection) -> bool:
    return bool(list(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")))


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Say what SQLite says in words of ours, and never as a traceback."""
    try:
        yield
    except OnloopError:
        raise
    except (apsw.NotADBError, apsw.CorruptError) as problem:
        raise StoreError(
            f"{path} is damaged or no store: {problem}", hint="onloop store verify; restore a backup"
        ) from None
    except (apsw.BusyError, apsw.LockedError) as problem:
        raise Unavailable(f"{path} is busy: {problem}", hint="try again") from None
    except (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as problem:
        raise StoreError(
            f"{path} cannot be used: {problem}", hint="check the disk's space and the rights on it"
        ) from None


class _Rows:
    """See Transaction. All SQL of the store's daily work."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._run = connection.execute

    def task(self, task_id: str) -> Task | None:
        for (data,) in self._run("SELECT data FROM task WHERE id=?", (task_id,)):
            return from_text(Task, data)
        return None

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        clauses, values = ["1"], list[Any]()
        for column, value in (("run=?", wanted.run), ("parent=?", wanted.parent), ("seq>?", wanted.changed_after)):
            if value is not None:
                clauses.append(column)
                values.append(value)
        if wanted.states is not None:
            clauses.append(f"state IN ({','.join('?' * len(wanted.states))})")
            values += [state.value for state in wanted.states]
        query = f"SELECT data FROM task WHERE {' AND '.join(clauses)} ORDER BY ordinal"  # noqa: S608 - columns are ours
        return [from_text(Task, data) for (data,) in self._run(query, values)]

    def child_states(self, parent: str) -> Sequence[State]:
        counted = self._run("SELECT state, count(*) FROM task WHERE parent=? GROUP BY state", (parent,))
        return [State(state) for state, count in counted for _ in range(count)]

    def claimable(self, roles: Sequence[str], now: int) -> Sequence[str]:
        marks = ",".join("?" * len(roles))
        query = f"SELECT id FROM task WHERE wanted IN ({marks}) AND not_before<=? ORDER BY ordinal"  # noqa: S608
        return [task_id for (task_id,) in self._run(query, (*roles, now))]

    def held(self, run: str) -> int:
        return _one(self._run("SELECT count(*) FROM task WHERE run=? AND held=1", (run,)))

    def house(self) -> House:
        for (data,) in self._run("SELECT data FROM house"):
            return from_text(House, data)
        return House()

    def log(
        self, *, after: int = 0, limit: int = 1000, run: str | None = None, task: str | None = None
    ) -> Sequence[Recorded]:
        where, values = "seq>?", list[Any]([after])
        for column, value in (("run", run), ("task", task)):
            if value is not None:
                where += f" AND {column}=?"
                values.append(value)
        query = f"SELECT * FROM event WHERE {where} ORDER BY seq LIMIT ?"  # noqa: S608 - columns are ours
        return [Recorded(*row) for row in self._run(query, (*values, limit))]

    def last_seq(self) -> int:
        return _one(self._run("SELECT coalesce(max(seq), 0) FROM event"))

    def get(self, kind: type[R], key: str) -> R | None:
        return next(iter(self.select(kind, **{columns_of(kind)[0]: key})), None)

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        columns = columns_of(kind)
        where = " AND ".join(f"{column} IS ?" for column in equal) or "1"
        query = f"SELECT {','.join(columns)} FROM {kind.__name__.lower()} WHERE {where} ORDER BY 1"  # noqa: S608
        return [kind(*row) for row in self._run(query, tuple(equal.values()))]

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        both = "SELECT task, at FROM due UNION ALL SELECT task, expires FROM lease"
        query = f"SELECT task FROM ({both}) WHERE at<=?1 AND (?2 IS NULL OR task=?2) GROUP BY task ORDER BY min(at)"  # noqa: S608
        return [task_id for (task_id,) in self._run(query, (now, task))]

    def blob(self, digest: str) -> bytes | None:
        for (content,) in self._run("SELECT bytes FROM blob WHERE digest=?", (digest,)):
            return bytes(content)
        return None

    def append(self, entries: Sequence[Entry]) -> None:
        seq = self.last_seq()
        for entry in entries:
            seq += 1
            head = self.get(Head, entry.run) or Head(entry.run, 0, GENESIS)
            version = _one(self._run("SELECT coalesce(max(version), 0) + 1 FROM event WHERE task=?", (entry.task,)))
            event, head = sealed(entry, head, seq, version)
            columns = tuple(getattr(event, slot) for slot in Recorded.__slots__)
            self._run("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?)", columns)
            self.put(head)

    def put_task(self, task: Task) -> None:
        seq = self.last_seq()
        self._run(
            "INSERT INTO task VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?8,?9) "
            "ON CONFLICT (id) DO UPDATE SET state=?4, wanted=?5, held=?6, not_before=?7, seq=?8, data=?9",
            (
                task.id,
                task.run,
                task.parent,
                task.state.value,
                task.wanted,
                int(task.holder is not None),
                task.not_before,
                seq,
                to_text(task),
            ),
        )

    def put_house(self, house: House) -> None:
        self._run(
            "INSERT INTO house VALUES (?,?) ON CONFLICT (id) DO UPDATE SET data=excluded.data", (HOUSE, to_text(house))
        )

    def put(self, row: Row) -> None:
        columns = columns_of(type(row))
        marks = ",".join("?" * len(columns))
        query = f"INSERT OR REPLACE INTO {type(row).__name__.lower()} ({','.join(columns)}) VALUES ({marks})"  # noqa: S608
        self._run(query, tuple(getattr(row, column) for column in columns))

    def delete(self, kind: type[Row], key: str) -> None:
        self._run(f"DELETE FROM {kind.__name__.lower()} WHERE {columns_of(kind)[0]}=?", (key,))  # noqa: S608

    def put_blob(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        self._run("INSERT OR IGNORE INTO blob VALUES (?,?)", (digest, content))
        return digest
