"""Write a store's log, and what it folds to, as a file for tests/store/logs: `python record_log.py STORE FILE`.

A log recorded by one version is read by every later one; tests/store/test_old_logs.py says what it must fold to.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

import apsw


def record(database: Path, target: Path) -> None:
    """Events as they lie in the table, then the digest of every state row."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    columns = "seq, run, run_seq, task, version, name, data, at, principal, key, hash"
    tasks = connection.execute("SELECT data FROM task ORDER BY id").fetchall()
    house = connection.execute("SELECT data FROM house").fetchall()
    state = sha256("\n".join(str(data) for (data,) in [*tasks, *house]).encode()).hexdigest()
    with target.open("w", encoding="utf-8") as out:
        for event in connection.execute(f"SELECT {columns} FROM event ORDER BY seq"):  # noqa: S608
            out.write(json.dumps(event, ensure_ascii=False) + "\n")
        out.write(json.dumps({"state": state, "tasks": len(tasks)}) + "\n")
    connection.close()


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]))
