"""The short path of `onloop check`: one row, hardly any imports. Anything unusual takes the long path."""

from __future__ import annotations

import os
import sys
import time

import apsw

try:  # the bare C modules: hashlib would load OpenSSL, which costs more than the rest of this path
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:
    from _sha256 import sha256  # type: ignore[import-not-found]

from onloop.gates.head import head

_QUERY = """
SELECT glance.exit, glance.text, glance.json, glance.commit_id, glance.task FROM token JOIN glance USING (task, epoch)
WHERE token.digest = ?1
AND NOT EXISTS (SELECT 1 FROM house, json_each(house.data, '$.freezes'))
AND NOT EXISTS (SELECT 1 FROM due WHERE due.task = token.task AND due.at <= ?2)
AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.task = token.task AND lease.expires <= ?2)
"""


def glance(*, as_json: bool) -> int | None:
    """Print the projected answer and return its exit code; None when the long path must decide."""
    store, secret = os.environ.get("ONLOOP_STORE"), os.environ.get("ONLOOP_TOKEN")
    if not store or not secret:
        return None
    try:
        found = _row(f"{store}/onloop.db", sha256(secret.encode()).hexdigest())
    except (apsw.Error, UnicodeError):
        return None
    if found is None:
        return None
    code, text, told, commit, task = found
    if os.environ.get("ONLOOP_TASK", task) != task:
        return None
    if not commit or head(f"{os.path.dirname(store.rstrip('/'))}/environments/{task}") != commit:  # noqa: PTH120
        return None
    try:
        sys.stdout.write(f"{told}\n" if as_json else text)
        sys.stdout.flush()
    except (UnicodeError, OSError):  # a terminal that cannot show it, a reader that has gone: the long path knows how
        return None
    return int(code)


def _row(path: str, digest: str) -> tuple[int, str, str, str, str] | None:
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(1000)
        now = time.time_ns() // 1_000_000
        for pragma, expected in (("application_id", 0x6F6E6C70), ("user_version", 1)):
            if next(iter(connection.execute(f"PRAGMA {pragma}")))[0] != expected:
                return None
        return next(iter(connection.execute(_QUERY, (digest, now))), None)
    finally:
        connection.close()
