"""Makes a team's database into a store, and brings its tables up to date while gateways of the version before go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from onloop.errors import BadInput, StoreError
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.database_schema import grants, schema_statements
from onloop.store.postgres.row_tables import table_statements
from onloop.store.postgres.run_locks import LOCKS
from onloop.store.postgres.schema_version import SCHEMA_VERSION, check_schema, versions_of
from onloop.store.rows import ROWS, table_of

LOCK_MS = 5_000
"""How long a step waits for gateways, which wait for it meanwhile: then it is undone, and may be tried again."""

BUSY_MS = 30_000
_FOUNDING = 3
"""The second number of the lock under which tables are made and changed."""

Step = Callable[[DatabaseLink], None]


def _add_what_is_new(link: DatabaseLink) -> None:
    """7 → 8: slots of scopes, environments, links; 8 → 9: workers. Tables that are not there are added."""
    for kind in ROWS:
        if link.rows("SELECT to_regclass(%s) IS NULL", (table_of(kind),)) == [(True,)]:
            link.connection.execute(table_statements(kind).encode())


STEPS: Mapping[int, Step] = MappingProxyType({7: _add_what_is_new, 8: _add_what_is_new})
"""From each older version, how the next one is reached.

Each step leaves gateways of the version before able to go on: it adds, and removes only what they do not use any more.
"""


def make_schema(url: str, name: str, runtime_role: str = "") -> None:
    """Make the tables of a store for whoever owns the database, all or none; those that are there stay as they are.

    `runtime_role` is granted what gateways need, and no more.
    """
    with _alone(url, name, BUSY_MS) as link:
        if link.rows("SELECT to_regclass('about_store') IS NOT NULL") == [(True,)]:
            check_schema(link)
        else:
            link.connection.execute(schema_statements().encode())
        _grant(link, runtime_role)


def migrate_schema(
    url: str,
    name: str,
    runtime_role: str = "",
    *,
    steps: Mapping[int, Step] = STEPS,
    version: int = SCHEMA_VERSION,
) -> tuple[int, int]:
    """Bring the tables from whatever version they have to this one; the answer is the version before, and after.

    Each step is one transaction, so that what was reached stays reached.
    """
    before = 0
    while True:
        with _alone(url, name, LOCK_MS) as link:
            now, _ = versions_of(link)
            before = before or now
            if now >= version:
                if now == version:
                    _grant(link, runtime_role)
                    return before, version
                hint = "use the onloop that changed it: pip install --upgrade onloop"
                raise StoreError(f"{name} has schema version {now}, and this onloop knows {version}", hint=hint)
            if now not in steps:
                raise StoreError(f"{name} has schema version {now}, which never existed", hint="restore a backup")
            steps[now](link)
            link.connection.execute(b"INSERT INTO about_store (version, oldest) VALUES (%s, %s)", (now + 1, now))


def _grant(link: DatabaseLink, role: str) -> None:
    if not role:
        return
    if not link.rows("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)):
        raise BadInput(f"the database has no role {role!r}", hint=f"createuser {role} makes one, without any rights")
    link.connection.execute(grants(role).encode())


@contextmanager
def _alone(url: str, name: str, busy_ms: int) -> Iterator[DatabaseLink]:
    """A transaction in which nobody else makes or changes tables."""
    link = DatabaseLink(url, name, busy_ms)
    try:
        with link.guarded(), link.connection.transaction():
            link.rows(f"SELECT pg_advisory_xact_lock({LOCKS}, {_FOUNDING})")
            yield link
    finally:
        link.drop()
