"""What is read of a team's database, over one connection and in the transaction that is open there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar, cast

from onloop.errors import BadInput, StoreError
from onloop.machine.state import State
from onloop.machine.store_state import HOUSE, StoreState
from onloop.machine.task import Task
from onloop.store.chain import GENESIS
from onloop.store.codec import from_text
from onloop.store.past_fold import past_of
from onloop.store.port import EventRow, Recorded, StandingCount, StorePast, TaskFilter
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.row_tables import ROW_TABLES
from onloop.store.postgres.statement_bundle import Rows
from onloop.store.postgres.stored_text import given
from onloop.store.rows import LOG, Head, Lease, StoreRow
from onloop.store.trusted_rows import check_seal, checked_log

R = TypeVar("R", bound=StoreRow)

MOST_ROLES = 100

TASK_COLUMNS = ("id", "run", "parent", "state", "reason", "wanted", "held", "not_before", "data")
TASKS = f"SELECT {', '.join(TASK_COLUMNS)}, seal FROM task WHERE "  # noqa: S608 - all names are ours
NUMBER = "SELECT seal_log(%s, %s)"
IS_ANY_PENDING = "SELECT EXISTS (SELECT FROM pending)"
LOG_HEAD = f"{ROW_TABLES[Head].select}run = ''"
HOUSE_ROW = "SELECT id, data, seal FROM house"
CHILD_STATES = (
    "SELECT state, count(*) FROM task WHERE parent = %s AND reason IS DISTINCT FROM 'excluded' GROUP BY state"
)

_EVENT = "s.seq, e.run, e.run_seq, e.task, e.version, e.name, e.data, e.at, e.principal, e.key, e.hash"
_NUMBERED = f"SELECT {_EVENT} FROM seal s JOIN event e ON e.run = s.run AND e.run_seq = s.run_seq"  # noqa: S608
UNNUMBERED_TOO = (
    f"SELECT * FROM (SELECT coalesce(s.seq, {1 << 62} + p.place * 10000 + e.run_seq - p.first) AS seq, e.run, "  # noqa: S608
    "e.run_seq, e.task, e.version, e.name, e.data, e.at, e.principal, e.key, e.hash FROM event e "
    "LEFT JOIN seal s ON s.run = e.run AND s.run_seq = e.run_seq "
    "LEFT JOIN pending p ON p.run = e.run AND e.run_seq BETWEEN p.first AND p.last) AS s"
)
_CHANGED_AFTER = (
    "id IN (SELECT e.task FROM seal s JOIN event e ON e.run = s.run AND e.run_seq = s.run_seq WHERE s.seq > %s)"
)
_CHANGED_SINCE = (
    "SELECT e.task, min(s.seq) <= %s FROM seal s JOIN event e ON e.run = s.run AND e.run_seq = s.run_seq "
    "WHERE e.task <> %s AND (%s::text[] IS NULL OR e.task = ANY (%s)) "
    "GROUP BY e.task HAVING max(s.seq) > %s ORDER BY min(s.seq)"
)
_WAITING = (
    "SELECT id, coalesce(parent, run) FROM task WHERE state = 'submitted' AND wanted = ANY (%s) AND not_before <= %s "
    "ORDER BY ordinal LIMIT %s"
)
_FIRST = (
    "SELECT id, coalesce(parent, run) FROM task LEFT JOIN fleetmember f ON f.task = id WHERE state = 'submitted' "
    "AND wanted = ANY (%s) AND not_before <= %s ORDER BY coalesce(f.priority, 0) DESC, ordinal LIMIT %s"
)
_ANY_FIRST = "SELECT 1 FROM fleetmember WHERE standing IN ('ready', 'begun') AND priority <> 0 LIMIT 1"
_STANDINGS = (
    "SELECT standing, retries > 0, count(*) FROM fleetmember WHERE fleet = %s AND wave = %s GROUP BY 1, 2 ORDER BY 1, 2"
)
_WAITED_FOR = (
    "SELECT wanted, count(*) FROM task WHERE state = 'submitted' AND wanted IS NOT NULL AND not_before <= %s "
    "AND (%s::text IS NULL OR run = %s) GROUP BY wanted ORDER BY wanted"
)
_DUE = (
    "SELECT task FROM (SELECT task, at FROM due WHERE at <= %s UNION ALL SELECT task, expires FROM lease "
    "WHERE expires <= %s) AS due_now GROUP BY task ORDER BY min(at), task"
)
_DUE_OF_TASK = (
    "SELECT 1 FROM due WHERE task = %s AND at <= %s "
    "UNION ALL SELECT 1 FROM lease WHERE task = %s AND expires <= %s LIMIT 1"
)
_SILENT = "expires + beat_at < 2 * %s OR progress_at < %s - %s"
"""What attention.idle calls silence, so that of many thousand leases only those are read that say something."""


@lru_cache(maxsize=4)
def house_from(data: str) -> StoreState:
    """The store's state as its row has it."""
    return from_text(StoreState, data)


@lru_cache(maxsize=512)
def task_from(data: str) -> Task:
    """A task as its row has it."""
    return from_text(Task, data)


def task_in(row: Sequence[Any]) -> Task:
    """The task of a row of its table, with its seal at the end."""
    *values, seal = given(row)
    check_seal("task", values, seal)
    return task_from(values[-1])


def log_head_in(rows: Rows) -> Head:
    """The end of the log's chain, of the rows that LOG_HEAD gives."""
    return next((sealed_row(Head, row)[0] for row in rows), Head(LOG, 0, GENESIS))


def house_in(rows: Rows) -> StoreState:
    """The store's state of the rows of its table, of which there is at most one."""
    for row in rows:
        *values, seal = given(row)
        check_seal("house", values, seal)
        return house_from(values[-1])
    return StoreState()


class PostgresReading:
    """See Reading: its log has what is numbered."""

    log_source = _NUMBERED

    def __init__(self, link: DatabaseLink) -> None:
        self._link = link

    def run(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Every row that a statement gives."""
        return self._link.rows(query, values)

    def look(self, query: str, values: Sequence[Any] = ()) -> Rows:
        """Every row that a statement gives, of which only those count that this transaction has not changed."""
        return self._link.rows(query, values)

    def task(self, task_id: str) -> Task | None:
        """See Reading."""
        return next((task_in(row) for row in self.look(f"{TASKS}id = %s", (task_id,))), None)

    def tasks(self, wanted: TaskFilter) -> Sequence[Task]:
        """See Reading."""
        clauses, values = ["true"], list[Any]()
        equal = (("run = %s", wanted.run), ("parent = %s", wanted.parent), (_CHANGED_AFTER, wanted.changed_after))
        for clause, value in equal:
            if value is not None:
                clauses.append(clause)
                values.append(value)
        if wanted.states is not None:
            clauses.append("state = ANY (%s)")
            values.append([state.value for state in wanted.states])
        if wanted.delayed:
            clauses.append("not_before > 0")
        return [task_in(row) for row in self.run(f"{TASKS}{' AND '.join(clauses)} ORDER BY ordinal", values)]

    def task_count(self) -> int:
        """See Reading."""
        return int(self.run("SELECT count(*) FROM task")[0][0])

    def child_states(self, parent: str) -> Sequence[State]:
        """See Reading."""
        try:
            return [State(state) for state, count in self.run(CHILD_STATES, (parent,)) for _ in range(count)]
        except ValueError as problem:
            raise StoreError(f"a child of {parent}: {problem}", hint="onloop store verify") from None

    def claimable(self, roles: Sequence[str], now: int, limit: int | None = None) -> Sequence[tuple[str, str]]:
        """See Reading."""
        wanted = list(dict.fromkeys(roles))
        if len(wanted) > MOST_ROLES:
            raise BadInput(f"{len(wanted)} roles at once", hint=f"ask for at most {MOST_ROLES}")
        query = _FIRST if self.run(_ANY_FIRST) else _WAITING
        return [(task, among) for task, among in self.run(query, (wanted, now, limit))]

    def waiting(self, now: int, run: str | None = None) -> Sequence[tuple[str, int]]:
        """See Reading."""
        return [(str(wanted), int(count)) for wanted, count in self.run(_WAITED_FOR, (now, run, run))]

    def held(self, run: str) -> int:
        """See Reading."""
        return int(self.run("SELECT count(*) FROM task WHERE run = %s AND held = 1", (run,))[0][0])

    def standings(self, fleet: str, wave: int) -> Sequence[StandingCount]:
        """See Reading."""
        found = self.run(_STANDINGS, (fleet, wave))
        return [StandingCount(str(standing), bool(again), int(count)) for standing, again, count in found]

    def house(self) -> StoreState:
        """See Reading."""
        return house_in(self.look(HOUSE_ROW))

    def log(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        run: str | None = None,
        task: str | None = None,
        newest: bool = False,
        names: Sequence[str] = (),
    ) -> Sequence[Recorded]:
        """See Reading: what has a number."""
        where, values = "s.seq > %s", list[Any]([after])
        source = self.log_source if run is not None or task is not None else _NUMBERED
        task_column = "e.task" if source is _NUMBERED else "s.task"
        for clause, value in (("s.seq < %s", before), ("s.run = %s", run), (f"{task_column} = %s", task)):
            if value is not None:
                where += f" AND {clause}"
                values.append(value)
        if names:
            where += f" AND {'e' if source is _NUMBERED else 's'}.name = ANY (%s)"
            values.append(list(names))
        order = f"ORDER BY s.seq {'DESC' if newest else 'ASC'} LIMIT %s"
        rows = self.run(f"{source} WHERE {where} {order}", (*values, limit))
        told = [cast("EventRow", tuple(given(row))) for row in (rows[::-1] if newest else rows)]
        return [Recorded(*row) for row in checked_log(told, after)]

    def log_rows(self, after: int, limit: int) -> Sequence[EventRow]:
        """What `log` gives of the whole log, as bare columns: for those who read all of it."""
        rows = self.run(f"{_NUMBERED} WHERE s.seq > %s ORDER BY s.seq LIMIT %s", (after, limit))
        return checked_log([cast("EventRow", tuple(given(row))) for row in rows], after)

    def past(self, seq: int, tasks: Sequence[str] | None = None) -> StorePast:
        """See Reading: of what is numbered."""
        query = f"{_NUMBERED} WHERE s.seq <= %s AND e.task = ANY (%s) ORDER BY e.task, e.version"
        among = None if tasks is None else list(tasks)
        changed = self.run(_CHANGED_SINCE, (seq, HOUSE, among, among, seq))
        return past_of(changed, lambda names: [tuple(given(row)) for row in self.run(query, (seq, list(names)))])

    def last_seq(self) -> int:
        """See Reading."""
        return self.log_head().count

    def log_head(self) -> Head:
        """The end of the whole log's chain, as far as it is numbered."""
        return log_head_in(self.look(LOG_HEAD))

    def get(self, kind: type[R], key: str) -> R | None:
        """See Reading."""
        found = self.sealed(kind, {ROW_TABLES[kind].key: key})
        return found[0][0] if found else None

    def select(self, kind: type[R], **equal: str | int | None) -> Sequence[R]:
        """See Reading."""
        return [row for row, _ in self.sealed(kind, equal)]

    def sealed(self, kind: type[R], equal: Mapping[str, str | int | None]) -> list[tuple[R, str]]:
        """The rows of that kind whose fields equal what is given, in order of their keys, with their seals."""
        clause, values = self.where(equal)
        query = f"{ROW_TABLES[kind].select}{clause} ORDER BY 1"
        return [sealed_row(kind, row) for row in self.look(query, values)]

    @staticmethod
    def where(equal: Mapping[str, str | int | None]) -> tuple[str, Sequence[Any]]:
        """The condition that fields equal what is given, and its values."""
        clauses = [f'"{column}" {"IS NULL" if value is None else "= %s"}' for column, value in equal.items()]
        return " AND ".join(clauses) or "true", [value for value in equal.values() if value is not None]

    def silent(self, now: int, stall_ms: int) -> Sequence[Lease]:
        """See Reading."""
        query = f"{ROW_TABLES[Lease].select}{_SILENT} ORDER BY 1"
        return [sealed_row(Lease, row)[0] for row in self.run(query, (now, now, stall_ms))]

    def due(self, now: int, task: str | None = None) -> Sequence[str]:
        """See Reading."""
        if task is not None:
            return [task] if self.run(_DUE_OF_TASK, (task, now, task, now)) else []
        return [task_id for (task_id,) in self.run(_DUE, (now, now))]

    def blob(self, digest: str) -> bytes | None:
        """See Reading."""
        for (content,) in self._link.rows("SELECT bytes FROM blob WHERE digest = %s", (digest,)):
            if sha256(content).hexdigest() != digest:
                raise StoreError(f"blob {digest[:12]} does not match its digest", hint="onloop store verify")
            return bytes(content)
        return None


def sealed_row(kind: type[R], row: Sequence[Any]) -> tuple[R, str]:
    """A row of that kind as it was read, and its seal, which must fit."""
    *values, seal = given(row)
    check_seal(ROW_TABLES[kind].name, values, seal)
    return kind(*values), str(seal)
