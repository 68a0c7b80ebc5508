"""One moment of a team's database, read at leisure: for an export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.store.port import Reading
from onloop.store.postgres.database_inspection import moment
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.postgres_store import PostgresStore

BLOBS = 16
_BLOBS = "SELECT digest, bytes FROM blob WHERE digest > %s ORDER BY digest LIMIT %s"


@contextmanager
def exported(url: str, name: str, anchor: Path) -> Iterator[tuple[Reading, Iterator[bytes]]]:
    """One moment of the store, in which all that is committed has its number, and all bytes beside the log."""
    store = PostgresStore(url, name, anchor)
    try:
        with store.reading():  # numbers the log, and looks at the anchor
            pass
        with store.link.guarded(), moment(store.link) as reading:
            yield reading, _blobs(store.link)
    finally:
        store.close()


def _blobs(link: DatabaseLink) -> Iterator[bytes]:
    after = ""
    while rows := link.connection.execute(_BLOBS.encode(), (after, BLOBS), binary=True).fetchall():
        yield from (bytes(content) for _, content in rows)
        after = rows[-1][0]
