"""What `store verify` finds, whatever kind of store it is."""

from __future__ import annotations

from onloop.access.opening import check_folder
from onloop.home import Home
from onloop.opened_store import with_postgres
from onloop.store.anchor import Anchor
from onloop.store.sqlite.database import SqliteStore
from onloop.store.sqlite.inspection import inspect
from onloop.store.verification import Derives, Verified


def inspected(home: Home, derives: Derives) -> Verified:
    """Compare everything in the store of `home` with its log, and with what `derives` computes from that."""
    check_folder(home)
    if not home.database:
        opened = SqliteStore(home.store, home.anchor)
        try:
            return inspect(opened, derives)
        finally:
            opened.close()
    with with_postgres(home.name):
        from onloop.store.postgres.database_inspection import inspected_at  # here: it brings psycopg
    anchor = Anchor(home.anchor)
    try:
        return inspected_at(home.database, home.name, anchor, derives)
    finally:
        anchor.close()
