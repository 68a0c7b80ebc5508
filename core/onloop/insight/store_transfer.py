"""Whole stores as lines, from a file of SQLite or a team's database, and into either."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from onloop.access.opening import check_folder
from onloop.gates.toolchain import write_toolchain
from onloop.home import Home
from onloop.opened_store import make_store, with_postgres
from onloop.store.interchange import ImportSource, export_lines, file_lines, import_source, surveyed, write_file
from onloop.store.port import Reading
from onloop.store.sqlite.database import SqliteStore
from onloop.store.verification import Fold


@contextmanager
def exporting(home: Home) -> Iterator[tuple[Reading, Iterable[bytes]]]:
    """One moment of the store, and all bytes beside its log."""
    check_folder(home)
    if not home.database:
        opened = SqliteStore(home.store, home.anchor)
        try:
            with opened.reading() as at:
                blobs = opened.connection.execute("SELECT bytes FROM blob ORDER BY digest")
                yield at, (bytes(content) for (content,) in blobs if isinstance(content, bytes))
        finally:
            opened.close()
        return
    with with_postgres(home.name):
        from onloop.store.postgres.database_export import exported  # here: it brings psycopg, which few stores need
    with exported(home.database, home.name, home.anchor) as (at, contents):
        yield at, contents


def fill(home: Home, source: ImportSource) -> Fold:
    """Make the store of `home` of what was exported, all of it or nothing; StoreError where it has events already."""
    make_store(home)
    check_folder(home)
    if home.database:
        from onloop.store.postgres.filling import filled

        fold = filled(home.database, home.name, source)
    else:
        opened = SqliteStore(home.store, home.anchor)
        try:
            with opened.changing() as tables:
                fold = import_source(tables, source)
        finally:
            opened.close()
    write_toolchain(home.store, os.environ.get("PATH", ""))
    return fold


def copy_store(source: Home, target: Home) -> Fold:
    """Make `target` of all that `source` holds at one moment: all of it or nothing.

    It goes by a file, which is removed: so the source is read at its own pace, and may go on meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="onloop-copy-") as folder:
        spool = Path(folder) / "log"
        with exporting(source) as (at, blobs):
            write_file(spool, export_lines(at, blobs))
        return fill(target, surveyed(lambda: file_lines(spool), source.name))
