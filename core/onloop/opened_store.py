"""Opens the store of a home, whatever kind it is of: a file of SQLite, or a team's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from onloop.errors import Unavailable
from onloop.home import Home
from onloop.store.port import Store
from onloop.store.rows import Head
from onloop.store.sqlite.database import BUSY_MS, SqliteStore, create_store
from onloop.store.store_pool import StorePool

MOST_CONNECTED, MOST_OPENED = 3, 64
"""How many stores the threads of one process share: connections of a database, and files."""


class OpenedStore(Store, Protocol):
    """A store that a gateway has open itself: it forgets a receipt before the next caller's change."""

    receipt: Head | None


def open_store(home: Home, busy_ms: int = BUSY_MS) -> OpenedStore:
    """The store of `home`, for one thread, which waits for locks at most `busy_ms`; StoreError says why it cannot be.

    The folder of the home is there, and was checked.
    """
    if not home.database:
        return SqliteStore(home.store, home.anchor, busy_ms)
    with with_postgres(home.name):
        from onloop.store.postgres.postgres_store import PostgresStore  # here: it brings psycopg, which few need
    return PostgresStore(home.database, home.name, home.anchor, busy_ms)


def clock_of(home: Home, usual: Callable[[], int]) -> Callable[[], int]:
    """The clock by which the gateways of a store go: the database's, so that it is one; of a file, the `usual` one."""
    if not home.database:
        return usual
    with with_postgres(home.name):
        from onloop.store.postgres.database_clock import database_clock
    return database_clock(home.database, home.name)


def make_store(home: Home, runtime_role: str = "") -> None:
    """Make an empty store where there is none: a file, or the tables of a database, for which its owner is asked.

    `runtime_role` is the database's role as which gateways work: it is granted what they need.
    """
    if not home.database:
        create_store(home.store, home.anchor)
        return
    with with_postgres(home.name):
        from onloop.store.postgres.foundation import make_schema  # here: it brings psycopg, which few stores need

    make_schema(home.database, home.name, runtime_role)


@contextmanager
def with_postgres(name: str) -> Iterator[None]:
    """A block that loads what works with the database called `name`; Unavailable says which extra is missing."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise Unavailable(f"{name} needs the module {missing.name}", hint="pip install 'onloop[postgres]'") from None


def store_pool(home: Home) -> StorePool:
    """Stores of `home` for many threads: a database is not asked for more connections than these, and one to watch."""
    return StorePool(lambda: open_store(home), MOST_CONNECTED if home.database else MOST_OPENED)


def grouping(store: Store) -> AbstractContextManager[None]:
    """One commit for every transaction in the block, where the store gains by it: send no answer before its end.

    In a database each transaction commits by itself, for others write to it as well.
    """
    return store.grouping() if isinstance(store, SqliteStore) else nullcontext()
