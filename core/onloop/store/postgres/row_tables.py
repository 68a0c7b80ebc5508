"""The tables of rows outside the fold: how each kind is made, read and written, from its record alone."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType, NoneType
from typing import Any

from onloop.records import Record
from onloop.store.rows import ROWS, Head, StoreRow, table_of
from onloop.store.rows import columns as columns_of

INDEXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lease": ("expires",),
        "subagent": ("task",),
        "token": ("task",),
        "job": ("task",),
        "due": ("at", "task"),
        "remembered": ("at, key",),
        "launcherslot": ("launcher",),
        "workslot": ("scope", "lease"),
        "environment": ("task",),
        "firing": ("schedule, planned",),
        "delivery": ("state, due",),
        "link": ("task",),
        "fleetmember": ("fleet, wave, standing, retries", "standing, priority"),
    }
)
"""What the rows of a table are looked for by, besides their keys."""

_TYPES: Mapping[type, str] = MappingProxyType({str: 'text COLLATE "C"', int: "bigint"})
OFTEN_CHANGED = "WITH (fillfactor = 70)"


class RowTable(Record):
    """How rows of a kind are read and written. All words are ours, so that none of a caller's is part of a statement.

    `insert` fails where there is a row. `swap` and `remove_as` fail where the row's seal is not the one given last:
    another writer was first. `put` and `remove` are for rows that nobody else can change now.
    """

    name: str
    key: str
    values_of: Callable[[StoreRow], tuple[Any, ...]]
    columns: tuple[str, ...]
    select: str
    insert: str
    put: str
    swap: str
    remove: str
    remove_as: str


def _table(kind: type[StoreRow]) -> RowTable:
    name, columns = table_of(kind), columns_of(kind)
    quoted = [f'"{column}"' for column in columns]
    told = f"{', '.join(quoted)}, seal"
    key = quoted[0]
    setting = ", ".join(f"{column} = %s" for column in (*quoted[1:], "seal"))
    excluded = ", ".join(f"{column} = excluded.{column}" for column in (*quoted[1:], "seal"))
    insert = f"INSERT INTO {name} ({told}) VALUES ({'%s, ' * len(columns)}%s)"  # noqa: S608 - all names are ours
    return RowTable(
        name,
        columns[0],
        attrgetter(*columns),
        columns,
        f"SELECT {told} FROM {name} WHERE ",  # noqa: S608
        insert,
        f"{insert} ON CONFLICT ({key}) DO UPDATE SET {excluded}",
        _or_fail(f"UPDATE {name} SET {setting} WHERE {key} = %s AND seal = %s RETURNING 1"),  # noqa: S608
        f"DELETE FROM {name} WHERE {key} = %s",  # noqa: S608
        _or_fail(f"DELETE FROM {name} WHERE {key} = %s AND seal = %s RETURNING 1"),  # noqa: S608
    )


def _or_fail(change: str) -> str:
    """The change as a statement that divides by the number of rows that it found."""
    return f"WITH done AS ({change}) SELECT 1 / count(*) FROM done"  # noqa: S608


ROW_TABLES: Mapping[type[StoreRow], RowTable] = {kind: _table(kind) for kind in ROWS}
"""The table of every kind of row."""

OF_TASKS = tuple(kind for kind in ROWS if "task" in columns_of(kind))
"""The kinds of rows that belong to a task, and so to its run."""


def row_schema() -> str:
    """The SQL that makes the tables of all kinds of rows, but for heads, which the log's own schema has."""
    return "\n".join(_made(kind) for kind in ROWS if kind is not Head)


def table_statements(kind: type[StoreRow]) -> str:
    """The SQL that makes the table of one kind of rows."""
    return _made(kind)


def _made(kind: type[StoreRow]) -> str:
    name, types = table_of(kind), typing.get_type_hints(kind)
    told = [f'"{column}" {_type_of(types[column])}' for column in columns_of(kind)]
    told[0] += " PRIMARY KEY"
    lines = [f"CREATE TABLE {name} ({', '.join(told)}, seal {_TYPES[str]} NOT NULL) {OFTEN_CHANGED};"]
    lines += [f"CREATE INDEX {name}_{n} ON {name} ({by});" for n, by in enumerate(INDEXES.get(name, ()))]
    return "\n".join(lines)


def _type_of(hint: Any) -> str:
    """The column's type; what may be None may be NULL."""
    options = typing.get_args(hint)
    if not options:
        return f"{_TYPES[hint]} NOT NULL"
    (plain,) = (option for option in options if option is not NoneType)
    return _TYPES[plain]
