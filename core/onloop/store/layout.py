"""How rows lie in the tables of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from onloop.machine.task import Task
from onloop.store.codec import to_text
from onloop.store.rows import ROWS, Row
from onloop.store.rows import columns as columns_of

TASK_COLUMNS = ("id", "run", "parent", "state", "wanted", "held", "not_before", "seq", "ordinal", "data")


def task_row(task: Task, seq: int, ordinal: int) -> tuple[Any, ...]:
    """The columns of a task's row, as in TASK_COLUMNS; `seq` and `ordinal` are of its last and first event."""
    held, state = int(task.holder is not None), task.state.value
    return task.id, task.run, task.parent, state, task.wanted, held, task.not_before, seq, ordinal, to_text(task)


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of a kind are read and written."""

    name: str
    key: str
    values_of: Callable[[Row], tuple[Any, ...]]
    select: str
    put: str


def _table(kind: type[Row]) -> Table:
    name, columns = kind.__name__.lower(), columns_of(kind)
    told = f"{','.join(columns)}, seal"
    return Table(
        name,
        columns[0],
        attrgetter(*columns),
        f"SELECT {told} FROM {name} WHERE ",  # noqa: S608 - all names are ours
        f"INSERT OR REPLACE INTO {name} ({told}) VALUES ({'?,' * len(columns)}?)",  # noqa: S608
    )


TABLES: Mapping[type[Row], Table] = {kind: _table(kind) for kind in ROWS}
"""The table of every kind of row."""
