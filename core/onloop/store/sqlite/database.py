"""The durable store: SQLite through apsw, WAL, synchronous=FULL, writers in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from onloop.errors import StoreError
from onloop.store.anchor import Anchor
from onloop.store.port import AnswerT, Transaction
from onloop.store.rows import Head
from onloop.store.sqlite.fair_lock import FairLock
from onloop.store.sqlite.faults import faults
from onloop.store.sqlite.tables import Tables

APPLICATION_ID = 0x6F6E6C70
SCHEMA_VERSION = 9
FILE = "onloop.db"
LOCK = "turnstile.lock"
BUSY_MS = 30_000

_SETTINGS = """
PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA trusted_schema=OFF;
PRAGMA wal_autocheckpoint=1000;
"""


class SqliteStore:
    """See Store. One object serves one thread; every process and thread opens its own."""

    def __init__(self, folder: Path, anchor: Path | None = None, busy_ms: int = BUSY_MS) -> None:
        """Open the store in `folder`; StoreError if there is none, it is foreign, or it has another version.

        It waits for a lock for at most `busy_ms`.
        """
        path = folder / FILE
        if not path.is_file():
            raise StoreError(
                f"there is no store in {folder}", hint="onloop init makes one; onloop demo makes one with work in it"
            )
        self.folder = folder
        self.path = path
        with faults(path):
            self.connection = open_connection(path, busy_ms)
            check_identity(self.connection, path)
            self.connection.execute(_SETTINGS)
        self.anchor = Anchor(anchor or anchor_of(folder))
        self.receipt: Head | None = None
        self._turnstile = FairLock(folder / LOCK)
        self._tables = Tables(self.connection)
        self._grouped = False
        self._stamp: int | None = None

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """See Store.reading."""
        if self._grouped:
            yield self._tables
            return
        with faults(self.path):
            self.connection.execute("BEGIN")
            try:
                yield self._tables
            except apsw.SQLError:  # tables of another version: a migration is the cause, not the disk
                check_identity(self.connection, self.path)
                raise
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:  # noqa: ARG002 - one lock
        """See Store.transact. `body` runs once: writers take turns, so that none finds another one's change.

        `receipt` is the log's head after the last one that committed, or ended in a group.
        """
        with self._writing() as tx:
            return body(tx)

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        if self._grouped:
            with faults(self.path), self._part():
                yield self._tables
            return
        with self._changing(self._mark) as tables:
            self.anchor.check(tables, tables.log_head())
            yield tables

    @contextmanager
    def changing(self) -> Iterator[Tables]:
        """A turn to write without checking the anchor, which is set at the end: for operations that may move the log.

        It may write outside its tables, so nothing cached is used in it or kept after it.
        """
        try:
            with self._changing(lambda: None) as tables:
                yield tables
        finally:
            self._tables.end(kept=False)

    @contextmanager
    def _changing(self, mark: Callable[[], int | None]) -> Iterator[Tables]:
        with self._turnstile.turn(), faults(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            kept, committed = self.receipt, False
            try:
                self._tables.begin(mark())
                before = self._tables.log_head()
                yield self._tables
                after = self._tables.log_head()
                self._tables.flush()
                self.connection.execute("COMMIT")
                committed = True
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                self.receipt = kept
                raise
            finally:
                self._tables.end(kept=committed)
            self.receipt = after
            if after != before or self.anchor.read() is None:
                self.anchor.write(after)

    @contextmanager
    def grouping(self) -> Iterator[None]:
        """One turn and one commit for every transaction in the block: each is undone alone, all are durable at its end.

        Send no answer, receipts included, before the block has ended without an error.
        """
        with self._writing():
            self._grouped = True
            try:
                yield
            finally:
                self._grouped = False
            self._check_group()

    @contextmanager
    def _part(self) -> Iterator[None]:
        self._check_group()
        self.connection.execute("SAVEPOINT part")
        tallied = self._tables.tallied()
        try:
            yield
            self.receipt = self._tables.log_head()
        except BaseException:
            self._tables.undone(tallied)
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO part; RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    def _check_group(self) -> None:
        """SQLite itself undoes the whole transaction when a disk is full or fails."""
        if not self.connection.in_transaction:
            raise StoreError(
                f"SQLite undid the whole transaction on {self.path}", hint="check the disk, then try again"
            )

    def _mark(self) -> int:
        """The stamp. If it differs, somebody else has written, and may have migrated the store."""
        stamp = self.stamp()
        if stamp != self._stamp:
            check_identity(self.connection, self.path)
            self._stamp = stamp
        return stamp

    def stamp(self) -> int:
        """See Store.stamp."""
        with faults(self.path):
            return _one(self.connection, "PRAGMA data_version")

    def close(self) -> None:
        """See Store.close. The last one to close checkpoints, so closing takes a turn as well."""
        try:
            with self._turnstile.turn(), faults(self.path):
                self.connection.close()
        finally:
            self._turnstile.close()
            self.anchor.close()


def anchor_of(folder: Path) -> Path:
    """The default place of a store's anchor: beside its folder, never inside."""
    return folder.parent / f"{folder.name}.anchor"


def create_store(folder: Path, anchor: Path | None = None) -> None:
    """Make an empty store in `folder` (0700); an existing store is left unchanged.

    The anchor of a previous store is kept beside the new one, with the ending `.before`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, anchored = folder / FILE, anchor or anchor_of(folder)
    turnstile = FairLock(folder / LOCK)
    try:
        with turnstile.turn(), faults(path):
            connection = apsw.Connection(str(path))
            connection.set_busy_timeout(BUSY_MS)
            path.chmod(0o600)
            if _one(connection, "PRAGMA application_id") == 0 and not has_tables(connection):
                if anchored.exists():
                    anchored.replace(anchored.with_name(f"{anchored.name}.before"))
                connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
                connection.execute(f"BEGIN IMMEDIATE; {schema()} {identity(SCHEMA_VERSION)} COMMIT")
            connection.close()
    finally:
        turnstile.close()


def open_connection(path: Path, busy_ms: int = BUSY_MS) -> apsw.Connection:
    """A connection to the file; the first one after a kill repairs the WAL, and others wait for it."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(busy_ms)
    return connection


def schema() -> str:
    """The tables of a store of this version, as SQL."""
    return (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")


def identity(version: int) -> str:
    """The SQL that marks a file as an onloop store of that schema version."""
    return f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={version};"


def check_identity(connection: apsw.Connection, path: Path) -> None:
    """Refuse a file that is not an onloop store of this version, and say what would work."""
    version = version_of(connection, path)
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, and this onloop knows {SCHEMA_VERSION}",
            hint="use the onloop that made it: pip install --upgrade onloop",
        )
    if version < SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, and this onloop needs {SCHEMA_VERSION}",
            hint="onloop store migrate brings it up to date, and keeps a backup",
        )


def version_of(connection: apsw.Connection, path: Path) -> int:
    """The schema version of the file; StoreError if it is not an onloop store."""
    if _one(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(f"{path} is not an onloop store", hint="give another folder with --store, or run onloop init")
    return _one(connection, "PRAGMA user_version")


def has_tables(connection: apsw.Connection) -> bool:
    """Whether anything is in the file."""
    return bool(list(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")))


def _one(connection: apsw.Connection, query: str) -> int:
    return int(next(iter(connection.execute(query)))[0])
