"""The tables of a team's store, and what a gateway's role may do with them."""

from __future__ import annotations

from pathlib import Path

from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.row_tables import row_schema
from onloop.store.postgres.schema_version import SCHEMA_VERSION
from onloop.store.rows import ROWS, table_of

APPEND_ONLY = ("event", "seal", "blob")
"""Tables of which a gateway's role may read all, and to which it may add."""

CHANGED = ("pending", "head", "tally", "task", "house", *(table_of(kind) for kind in ROWS if table_of(kind) != "head"))


_OWN_DATABASE = """DO $$ BEGIN
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;  -- of a database that is somebody else's
END $$;"""
"""Whoever may connect may take the locks that all writers share, and keep them."""

_MAY_CONNECT = """DO $$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %%I TO %s', current_database());
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;"""


def schema_statements() -> str:
    """The SQL that makes an empty store."""
    static = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
    version = f"INSERT INTO about_store VALUES ({SCHEMA_VERSION}, {SCHEMA_VERSION});"  # noqa: S608 - numbers of ours
    return f"{static}\n{row_schema()}\n{_OWN_DATABASE}\n{version}"


def grants(role: str) -> str:
    """The SQL that lets a role do what a gateway does, and takes back what it could do besides; it is quoted here."""
    quoted = '"' + role.replace('"', '""') + '"'
    return "\n".join(
        (
            _MAY_CONNECT % quoted,
            f"REVOKE ALL ON about_store, {', '.join((*APPEND_ONLY, *CHANGED))} FROM {quoted};",
            f"GRANT SELECT ON about_store TO {quoted};",
            f"GRANT SELECT, INSERT ON {', '.join(APPEND_ONLY)} TO {quoted};",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(CHANGED)} TO {quoted};",
            f"GRANT EXECUTE ON FUNCTION seal_log(bigint, boolean) TO {quoted};",
        )
    )


def create_tables(link: DatabaseLink, runtime_role: str = "") -> None:
    """Make an empty store in the database, in one transaction, and let a role work with it."""
    connection = link.connection
    with connection.transaction():
        connection.execute(schema_statements().encode())
        if runtime_role:
            connection.execute(grants(runtime_role).encode())
