"""Which version the tables of a team's database have, and which onloop may work with them."""

from __future__ import annotations

from psycopg import errors

from onloop.errors import StoreError
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.statement_bundle import Rows

SCHEMA_VERSION = 9
"""The version of the tables that this onloop reads and writes: as that of a store in a file."""

FOUND = "SELECT version, oldest FROM about_store ORDER BY version DESC LIMIT 1"


def check_schema(link: DatabaseLink) -> None:
    """StoreError unless the database holds a store with which this onloop may work."""
    check_version(*versions_of(link), link.name)


def versions_of(link: DatabaseLink) -> tuple[int, int]:
    """The version of the tables, and the oldest one whose gateways may go on; StoreError if there is no store."""
    try:
        rows: Rows = link.rows(FOUND)
    except errors.UndefinedTable:
        rows = []
    if not rows:
        raise StoreError(f"{link.name} holds no store", hint="onloop init --store URL makes one")
    version, oldest = rows[0]
    return int(version), int(oldest)


def check_version(version: int, oldest: int, name: str, ours: int = SCHEMA_VERSION) -> None:
    """StoreError unless `ours` may work with tables of `version`, beside which gateways of `oldest` may go on."""
    if ours < oldest:
        raise StoreError(
            f"{name} has schema version {version}, and this onloop knows {ours}",
            hint="use the onloop that changed it: pip install --upgrade onloop",
        )
    if ours > version:
        raise StoreError(
            f"{name} has schema version {version}, and this onloop needs {ours}",
            hint="as the owner: onloop store migrate brings it up to date, while gateways go on",
        )
