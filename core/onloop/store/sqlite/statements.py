"""The columns and statements of each table in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from onloop.machine.store_state import HOUSE
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.codec import to_text
from onloop.store.past_fold import portions
from onloop.store.rows import ROWS, StoreRow, table_of
from onloop.store.rows import columns as columns_of

TASK_COLUMNS = ("id", "run", "parent", "state", "wanted", "held", "not_before", "seq", "ordinal", "data")


_PUT_TASK = (
    "INSERT INTO task VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT (id) DO UPDATE "
    "SET run=?2, parent=?3, state=?4, wanted=?5, held=?6, not_before=?7, seq=?8, ordinal=?9, data=?10, seal=?11"
)
_WAITING = "SELECT id, ifnull(parent, run), ordinal FROM task WHERE state='submitted' AND wanted=? AND not_before<=?"
_FIRST = (
    "SELECT task.id, ifnull(parent, run), ordinal, ifnull(priority, 0) AS rank FROM task "
    "LEFT JOIN fleetmember ON fleetmember.task = task.id WHERE state='submitted' AND wanted=? AND not_before<=?"
)
"""As _WAITING, with the rank of each: that of most is 0."""
ANY_FIRST = "SELECT 1 FROM fleetmember WHERE standing IN ('ready', 'begun') AND priority <> 0 LIMIT 1"
STANDINGS = """
SELECT standing, retries > 0, count(*) FROM fleetmember WHERE fleet=? AND wave=? GROUP BY 1, 2 ORDER BY 1, 2
"""
WAITED_FOR = """
SELECT wanted, count(*) FROM task
WHERE state='submitted' AND wanted IS NOT NULL AND not_before<=? AND (? IS NULL OR run=?) GROUP BY wanted
"""
DUE_OF_TASK = (
    "SELECT 1 FROM due WHERE task=?1 AND at<=?2 UNION ALL SELECT 1 FROM lease WHERE task=?1 AND expires<=?2 LIMIT 1"
)
ENDS = (
    "SELECT (SELECT max(version) FROM event WHERE task=?1), "
    "(SELECT seq FROM event WHERE task=?1 ORDER BY version LIMIT 1), "
    "(SELECT seq FROM event WHERE task=?1 ORDER BY version DESC LIMIT 1)"
)
PUT_TALLY = "INSERT INTO tally VALUES (?1,?2,?3) ON CONFLICT (name) DO UPDATE SET count=?2, sum=?3"

DUE_OF_TASK = (
    "SELECT 1 FROM due WHERE task=?1 AND at<=?2 UNION ALL SELECT 1 FROM lease WHERE task=?1 AND expires<=?2 LIMIT 1"
)
CHANGED_AFTER = "id IN (SELECT task FROM event WHERE event.seq>?)"
ENDS = (
    "SELECT (SELECT max(version) FROM event WHERE task=?1), "
    "(SELECT seq FROM event WHERE task=?1 ORDER BY version LIMIT 1), "
    "(SELECT seq FROM event WHERE task=?1 ORDER BY version DESC LIMIT 1)"
)
SILENT = "expires + beat_at < 2 * ?1 OR progress_at < ?1 - ?2"
"""What attention.idle calls silence, so that of many thousand leases only those are read that say something."""

CHILD_STATES = """
SELECT state, count(*) FROM task
WHERE parent=? AND NOT (state='paused' AND json_extract(data, '$.reason') IS 'excluded') GROUP BY state
"""
"""Only paused tasks are read further, to find the reason."""


@lru_cache(maxsize=64)
def changed_since(tasks: int | None) -> str:
    """The query for the tasks that changed after a sequence, of so many or of all, oldest first, and their first event.

    It reads the index over task and version alone, which has the sequences, too.
    """
    among = "" if tasks is None else f" AND task IN ({','.join('?' * tasks)})"
    grouped = "GROUP BY task HAVING max(seq) > ?1 ORDER BY min(seq)"
    return f"SELECT task, min(seq) FROM event WHERE task <> ?2{among} {grouped}"  # noqa: S608 - no words of others


def changed_among(
    run: Callable[[str, Sequence[Any]], list[Any]], seq: int, tasks: Sequence[str] | None
) -> list[tuple[str, bool]]:
    """The tasks that changed after a sequence, of these or of all, oldest first, and whether each had begun by then."""
    if tasks is None:
        found = run(changed_since(None), (seq, HOUSE))
    else:  # in portions: a statement takes only so many values
        asked = [run(changed_since(len(names)), (seq, HOUSE, *names)) for names in portions(tasks)]
        found = sorted((row for rows in asked for row in rows), key=lambda row: row[1])
    return [(name, first <= seq) for name, first in found]


@lru_cache(maxsize=64)
def events_until(tasks: int) -> str:
    """The query for the events of so many tasks up to a sequence, each task's in order."""
    named = ",".join("?" * tasks)
    return f"SELECT * FROM event WHERE seq<=? AND task IN ({named}) ORDER BY task, version"  # noqa: S608 - no words of others


def task_row(task: Task, seq: int, ordinal: int) -> tuple[Any, ...]:
    """The columns of a task's row, as in TASK_COLUMNS; `seq` and `ordinal` are of its last and first event."""
    held, state = int(task.holder is not None), task.state.value
    return task.id, task.run, task.parent, state, task.wanted, held, task.not_before, seq, ordinal, to_text(task)


def task_put(before: Sequence[object] | None, after: Sequence[object]) -> str:
    """The statement that stores a task's row; `before` is its row as it lies there, where that is known.

    Then only the columns that differ are set: SQLite writes every index over a column that is set, whatever to.
    """
    if before is None:
        return _PUT_TASK
    return _changing(tuple(place for place, value in enumerate(before) if value != after[place]))


@lru_cache(maxsize=256)
def _changing(places: tuple[int, ...]) -> str:
    told = ",".join((*(f"{TASK_COLUMNS[place]}=?{place + 1}" for place in places), "seal=?11"))
    return f"UPDATE task SET {told} WHERE id=?1"  # noqa: S608 - the words are ours


def waiting_query(roles: int, *, is_ranked: bool) -> str:
    """The statement that gives what waits for one of so many roles, in the order of its claims."""
    each, order = (_FIRST, "4 DESC, 3") if is_ranked else (_WAITING, "3")
    return f"{' UNION ALL '.join([each] * roles)} ORDER BY {order} LIMIT ?"


class Table(Record):
    """How rows of a kind are read and written."""

    name: str
    key: str
    values_of: Callable[[StoreRow], tuple[Any, ...]]
    select: str
    put: str


def _table(kind: type[StoreRow]) -> Table:
    name, columns = table_of(kind), columns_of(kind)
    told = f"{','.join(columns)}, seal"
    changing = (*columns[1:], "seal")
    return Table(
        name,
        columns[0],
        attrgetter(*columns),
        f"SELECT {told} FROM {name} WHERE ",  # noqa: S608 - all names are ours
        f"INSERT INTO {name} ({told}) VALUES ({'?,' * len(columns)}?) "  # noqa: S608
        f"ON CONFLICT ({columns[0]}) DO UPDATE SET {','.join(f'{column}=excluded.{column}' for column in changing)}",
    )


STATEMENTS: Mapping[type[StoreRow], Table] = {kind: _table(kind) for kind in ROWS}
"""The table of every kind of row."""
