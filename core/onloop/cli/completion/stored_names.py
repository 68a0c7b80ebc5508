"""The names of a store, read from its file with next to no imports: a shell waits for them at each Tab.

`views/queries/known_names.py` gives the same names of any store, and takes ten times as long; a test compares them.
"""

from __future__ import annotations

import apsw

MOST = 300
"""How many names are offered; who types another letter is offered the others."""

_LAST = "state IN ('completed', 'failed', 'canceled', 'rejected'), ordinal DESC"
"""What has ended comes last; else the newest is first."""

_IN_TASKS = "SELECT json_extract(data, '$.{}'), '' FROM task ORDER BY LAST"
_IN_WORKFLOWS = "SELECT value, '' FROM pinned, json_tree(compiled) WHERE key = '{}' AND path {}"
_GATES = _IN_WORKFLOWS.format("id", "LIKE '%.gates[%]'")

_QUERIES = {
    "task": "SELECT id, json_extract(data, '$.title') || coalesce(' · ' || json_extract(data, '$.repo'), '') FROM task"
    " ORDER BY LAST",
    "run": "SELECT id, json_extract(data, '$.title') FROM task WHERE id = run ORDER BY LAST",
    "repository": _IN_TASKS.format("repo"),
    "workflow": _IN_TASKS.format("workflow"),
    "label": "SELECT value, '' FROM task, json_each(task.data, '$.labels')",
    "role": _IN_WORKFLOWS.format("role", "LIKE '%'"),
    "step": _IN_WORKFLOWS.format("id", "NOT LIKE '%.gates[%]'"),
    "gate": f"{_GATES} UNION ALL SELECT 'run', '' FROM pinned, json_tree(compiled) WHERE key = 'run'",  # noqa: S608
    "person": "SELECT key, '' FROM house, json_each(house.data, '$.people')",
    "group": "SELECT belongs.value, '' FROM house, json_each(house.data, '$.people') AS person,"
    " json_each(person.value, '$.groups') AS belongs",
    "rule": "SELECT mute.key, json_extract(mute.value, '$.reason') FROM house, json_each(house.data, '$.marks.muted')"
    " AS mute",
    "frozen": "SELECT freeze.key, json_extract(freeze.value, '$.reason') FROM house,"
    " json_each(house.data, '$.freezes') AS freeze",
}


_BEGINNING = """
WITH found (name, about) AS ({}), numbered AS (SELECT name, about, row_number() OVER () AS place FROM found)
SELECT name, about FROM numbered WHERE ?1 = substr(name, 1, ?2) GROUP BY name ORDER BY min(place) LIMIT ?3
"""


def stored_names(store: str, kind: str, prefix: str) -> list[tuple[str, str]] | None:
    """At most MOST names of that kind with that beginning, and a word about each; None where the file cannot say."""
    if kind not in _QUERIES:
        return None
    try:
        connection = apsw.Connection(f"{store}/onloop.db", flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error:
        return None
    try:
        connection.set_busy_timeout(200)
        found = connection.execute(
            _BEGINNING.format(_QUERIES[kind].replace("LAST", _LAST)), (prefix, len(prefix), MOST)
        )
        return [(str(name), str(about or "")) for name, about in found if name]
    except apsw.Error:
        return None
    finally:
        connection.close()
