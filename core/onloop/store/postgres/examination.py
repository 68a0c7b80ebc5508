"""What `onloop doctor` says of a team's database: the server, our role in it, clocks, and what could be lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from onloop.errors import OnloopError
from onloop.records import Record
from onloop.store.postgres.database_faults import database_faults
from onloop.store.postgres.schema_version import SCHEMA_VERSION

OLDEST = 150_000
"""The oldest version that can be used, as `server_version_num` counts."""

MOST_APART_MS = 2_000
"""Clocks that differ by more than that are worth a word; leases and timers go by the database's alone."""

CONNECT_S = 5
_FEW_CONNECTIONS = 8
MOST_WAITING = 5_000
"""How many stretches of the log may wait for their numbers before it is worth a word."""

_ONLY_ADDED = ("event", "blob", "seal")
"""Tables in which nothing is ever changed or removed, so that the role of a gateway need not be able to."""

_STATE = """
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
    current_user AS role, current_database() AS name, pg_is_in_recovery() AS standby,
    current_setting('transaction_read_only') = 'on' AS read_only,
    current_setting('fsync') = 'off' AS unsynced, current_setting('synchronous_commit') = 'off' AS asynchronous,
    current_setting('server_encoding') AS encoding,
    current_setting('max_connections')::int AS most_connections,
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    pg_size_pretty(pg_database_size(current_database())) AS size,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
    inet_server_addr() IS NOT NULL AS over_network,
    rolsuper AS superuser, rolcreaterole OR rolbypassrls OR rolreplication AS mighty, rolconnlimit AS role_limit
FROM pg_roles WHERE rolname = current_user
"""
_GRANTS = """
SELECT relname AS name, pg_get_userbyid(relowner) = current_user AS owned,
    has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE') OR has_table_privilege(oid, 'TRUNCATE')
        AS changes,
    has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'SELECT') AS adds
FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname = ANY(%s)
"""

_TABLES = """
SELECT version, oldest, (SELECT count(*) FROM pending)::int AS waiting,
    (SELECT count FROM head WHERE run = '') AS events
FROM about_store ORDER BY version DESC LIMIT 1
"""


class Finding(Record):
    """One thing that was looked at: whether it is as it should be, and in words."""

    name: str
    good: bool
    words: str


def examined(url: str, name: str, clock: Callable[[], float] = time.time) -> Iterator[Finding]:
    """What there is to say of the database at `url`, which people call `name`; never an error."""
    try:
        with (
            database_faults(name),
            psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S, row_factory=dict_row) as line,
        ):
            state = line.execute(_STATE).fetchone() or {}
            grants = line.execute(_GRANTS, (list(_ONLY_ADDED),)).fetchall()
            apart = _clock_apart_ms(line, clock)
            tables = line.execute(_TABLES).fetchone() or {}
    except OnloopError as problem:
        yield Finding("database", False, f"{problem.message}; {problem.hint}")
        return
    yield _server(state)
    yield _tables(tables)
    yield _role(state, grants)
    yield _durability(state)
    yield _connections(state)
    words = f"this machine's clock is {abs(apart) / 1000:.1f} s {'behind' if apart > 0 else 'ahead of'} the database's"
    is_near = abs(apart) <= MOST_APART_MS
    yield Finding("clock", is_near, f"{words}; leases and timers go by the database's")


def _server(state: Mapping[str, Any]) -> Finding:
    words = f"PostgreSQL {state['version']}, {state['name']} has {state['size']}"
    problems = [
        *(["versions before 15 are not supported"] if state["number"] < OLDEST else []),
        *(["it is a standby: name the primary"] if state["standby"] else []),
        *(["it is set to read only"] if state["read_only"] and not state["standby"] else []),
        *([f"its encoding is {state['encoding']}, not UTF8"] if state["encoding"] != "UTF8" else []),
        *(["the way to it is not encrypted: ?sslmode=verify-full"] if _is_bare(state) else []),
    ]
    return Finding("database", not problems, "; ".join((words, *problems)))


def _tables(state: Mapping[str, Any]) -> Finding:
    """Whether this onloop knows the tables, and whether the log is numbered as it grows."""
    version, oldest, waiting = state["version"], state["oldest"], state["waiting"]
    words = f"schema version {version}, this onloop has {SCHEMA_VERSION}; {state['events'] or 0} events are numbered"
    problems = [
        *(["onloop store migrate brings it up to date"] if version < SCHEMA_VERSION else []),
        *(["a newer onloop changed it: upgrade this one soon"] if oldest <= SCHEMA_VERSION < version else []),
        *(["this onloop is too old for it"] if oldest > SCHEMA_VERSION else []),
        *([f"{waiting} stretches of the log wait for their numbers"] if waiting > MOST_WAITING else []),
    ]
    return Finding("tables", not problems, "; ".join((words, *problems)))


def _is_bare(state: Mapping[str, Any]) -> bool:
    return bool(state["over_network"]) and not state["encrypted"]


def _role(state: Mapping[str, Any], grants: list[dict[str, Any]]) -> Finding:
    """Whether the role can do what a gateway must, and nothing to what was written."""
    role, owned = state["role"], [str(each["name"]) for each in grants if each["owned"]]
    changes = sorted(str(each["name"]) for each in grants if each["changes"])
    lacks = sorted(str(each["name"]) for each in grants if not each["adds"])
    if state["superuser"] or state["mighty"]:
        problem = "it may do more than any gateway should: no superuser, and no CREATEROLE, BYPASSRLS, REPLICATION"
    elif owned:
        problem = f"it owns {', '.join(owned)}, and so could change what was written"
    elif changes:
        problem = f"it may change or remove rows of {', '.join(changes)}"
    elif lacks:
        problem = f"it may not add to {', '.join(lacks)}"
    else:
        return Finding("role", True, f"{role} may add to the log, and not change it")
    way = "as the owner: onloop store migrate --runtime-role ROLE; then name ROLE in --store"
    return Finding("role", False, f"{role}: {problem}; {way}")


def _durability(state: Mapping[str, Any]) -> Finding:
    """Whether what was answered survives a crash of the server."""
    problems = [
        *(["fsync is off: a crash of its machine destroys the database"] if state["unsynced"] else []),
        *(["synchronous_commit is off: a crash loses what was answered last"] if state["asynchronous"] else []),
    ]
    return Finding("durability", not problems, "; ".join(problems) or "what is answered is on the disk")


def _connections(state: Mapping[str, Any]) -> Finding:
    most, now, limit = state["most_connections"], state["connections"], state["role_limit"]
    words = f"{now} of {most} in use; a gateway keeps at most 4"
    is_scarce = most - now < _FEW_CONNECTIONS or 0 <= limit < _FEW_CONNECTIONS
    more = f"; the role may have {limit}" if limit >= 0 else ""
    return Finding("connections", not is_scarce, f"{words}{more}")


def _clock_apart_ms(line: psycopg.Connection[dict[str, Any]], clock: Callable[[], float]) -> int:
    """By how much the database's clock is ahead of ours, ms, to half the time that asking takes."""
    before = clock()
    row = line.execute("SELECT extract(epoch FROM clock_timestamp())::float8 AS now").fetchone() or {"now": before}
    return int((row["now"] - (before + clock()) / 2) * 1000)
