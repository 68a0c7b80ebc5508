"""The short path of `onloop check` and `next`: one row, hardly any imports. Anything unusual takes the long path."""

from __future__ import annotations

import os
import sys
import time

import apsw

from onloop.gates.repository.head import head
from onloop.store.seal import seal_of, sha256

TYPE_CHECKING = False  # the module typing costs more than a read does
if TYPE_CHECKING:
    from typing import Any

_BEARER = """
SELECT digest, agent, task, epoch, step, uid, launcher, address, until, seal FROM token WHERE digest = ?
"""
_BRIEF = "SELECT task, text, json, seal FROM brief WHERE task = ?"
_GLANCE = """
SELECT task, epoch, commit_id, exit, text, json, seal FROM glance WHERE task = ?1 AND epoch = ?3
AND NOT EXISTS (SELECT 1 FROM house, json_each(house.data, '$.freezes'))
AND NOT EXISTS (SELECT 1 FROM due WHERE due.task = ?1 AND due.at <= ?2)
AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.task = ?1 AND lease.expires <= ?2)
"""


def glance(verb: str, *, as_json: bool) -> int | None:
    """Print the projected answer and return its exit code; None when the long path must decide."""
    store, secret = os.environ.get("ONLOOP_STORE"), os.environ.get("ONLOOP_TOKEN")
    if not store or not secret or _is_elsewhere(store):
        return None
    try:
        found = _row(verb, f"{store}/onloop.db", sha256(secret.encode()).hexdigest())
    except (apsw.Error, UnicodeError):
        return None
    if found is None:
        return None
    task, commit, code, text, told = found
    if os.environ.get("ONLOOP_TASK", task) != task:
        return None
    if commit and head(f"{os.path.dirname(store.rstrip('/'))}/environments/{task}") != commit:  # noqa: PTH120
        return None  # where nothing is submitted, HEAD makes no difference
    try:
        sys.stdout.write(f"{told}\n" if as_json else text)
        sys.stdout.flush()
    except (UnicodeError, OSError):  # a terminal that cannot show it, a reader that has gone: the long path knows how
        return None
    return int(code)


def _is_elsewhere(store: str) -> bool:
    """Whether `$ONLOOP_URL` names another place than the store's own, so that the long path must compare the stores."""
    url = os.environ.get("ONLOOP_URL")
    return bool(url) and url != f"unix:{os.path.dirname(store.rstrip('/'))}/serve/gateway.sock"  # noqa: PTH120


def _row(verb: str, path: str, digest: str) -> tuple[str, str, int, str, str] | None:
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(1000)
        now = time.time_ns() // 1_000_000
        for pragma, expected in (("application_id", 0x6F6E6C70), ("user_version", 9)):
            if next(iter(connection.execute(f"PRAGMA {pragma}")))[0] != expected:
                return None
        connection.execute("BEGIN")
        token = _sealed(connection, "token", _BEARER, digest)
        if token and token[5] not in {None, os.getuid()}:  # another user's: the long path says so
            return None
        row = token and _sealed(connection, "glance", _GLANCE, token[2], now, token[3])
        brief = row and (["", "", ""] if verb == "check" else _sealed(connection, "brief", _BRIEF, row[0]))
        if not row or not brief:
            return None
        told = f'{row[5][:-1]}, "brief": {brief[2]}}}' if brief[0] else row[5]
        return row[0], row[2], row[3], brief[1] + row[4], told
    finally:
        connection.close()


def _sealed(connection: apsw.Connection, table: str, query: str, *values: object) -> list[Any] | None:
    """The row that the query gives; None where there is none, or it is not as it was written."""
    *row, seal = next(iter(connection.execute(query, values)), (None,))
    return row if seal_of(table, row) == seal else None
