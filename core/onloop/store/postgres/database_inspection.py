"""`store verify` of a team's database: everything in it against log, seals, tallies, schema and anchor.

What is only ever added to is read in many short transactions; all that changes, in one at the end. So no transaction
is open for long, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from onloop.errors import OnloopError
from onloop.machine.store_state import HOUSE
from onloop.store.anchor import Anchor
from onloop.store.chain import GENESIS, log_link
from onloop.store.codec import to_text
from onloop.store.differences import MOST, differs, shown, tally_differs
from onloop.store.folding import LogFold, RunFold
from onloop.store.port import EventRow
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.pending_changes import task_columns
from onloop.store.postgres.postgres_reading import TASK_COLUMNS, PostgresReading
from onloop.store.postgres.postgres_store import BUSY_MS
from onloop.store.postgres.row_tables import ROW_TABLES
from onloop.store.postgres.schema_version import check_schema
from onloop.store.postgres.stored_text import given
from onloop.store.postgres.table_tallies import EVERY_PART, UNTALLIED, Tallies, summed
from onloop.store.rows import LOG, Archived, Head
from onloop.store.seal import added, seal_of
from onloop.store.verification import BATCH, Derives, Fold, Verified, verified

CALM_S = 600
"""How long the last transaction may think between two statements, in seconds."""

BLOBS = 200

_COLUMNS = "e.run, e.run_seq, e.task, e.version, e.name, e.data, e.at, e.principal, e.key, e.hash"
_NUMBERED = (
    f"SELECT s.log_hash, s.seq, {_COLUMNS} FROM seal s "  # noqa: S608 - all names are ours
    "LEFT JOIN event e ON e.run = s.run AND e.run_seq = s.run_seq WHERE s.seq > %s ORDER BY s.seq LIMIT %s"
)
_UNNUMBERED = (
    f"SELECT p.place IS NOT NULL, 0, {_COLUMNS} FROM event e "  # noqa: S608
    "LEFT JOIN seal s ON s.run = e.run AND s.run_seq = e.run_seq "
    "LEFT JOIN pending p ON p.run = e.run AND e.run_seq BETWEEN p.first AND p.last "
    "WHERE s.seq IS NULL ORDER BY e.run, e.run_seq"
)
_BLOBS = "SELECT digest, encode(sha256(bytes), 'hex') FROM blob WHERE digest > %s ORDER BY digest LIMIT %s"
_BLOB = "SELECT digest, encode(sha256(bytes), 'hex') FROM blob WHERE digest = %s"
_TRIGGERS = (
    "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal "
    "AND tgrelid IN ('event'::regclass, 'seal'::regclass)"
)
_OF_THE_LOG = ("event_is_never_changed", "seal_is_never_changed")


def inspect_database(link: DatabaseLink, anchor: Anchor, derives: Derives | None = None) -> Verified:
    """Compare everything in the store with what the log says, and with what `derives` computes from it.

    Damage is a problem in the answer, never an error. `anchor` is this machine's.
    """
    walk = _SealWalk(link, derives)
    try:
        with link.guarded():
            walk.begin(PostgresReading(link).select(Archived))
            walk.follow()
            walk.digests()
            anchored = anchor.read()  # before the moment: gateways of this machine move it meanwhile
            with moment(link) as reading:
                walk.follow()
                walk.compare(reading, anchor, anchored)
            if derives is not None:
                walk.problems += islice(derives.elsewhere(walk.fold), MOST)
    except OnloopError as problem:
        walk.problems.append(problem.message)
    return verified(walk.fold, walk.problems[:MOST])


def inspected_at(url: str, name: str, anchor: Anchor, derives: Derives | None = None) -> Verified:
    """As `inspect_database`, over a connection of its own; StoreError where there is no store of this version."""
    link = DatabaseLink(url, name, BUSY_MS)
    try:
        with link.guarded():
            check_schema(link)
        return inspect_database(link, anchor, derives)
    finally:
        link.drop()


class _SealWalk:
    """What one verification has seen: the log up to some number, its fold, and every problem."""

    def __init__(self, link: DatabaseLink, derives: Derives | None) -> None:
        self.link = link
        self.derives = derives
        self.problems: list[str] = []
        self.fold = Fold()
        self._log, self._runs = LogFold(()), RunFold(problems=self.problems)
        self._blobs = dict[str, str]()

    def begin(self, archived: Sequence[Archived]) -> None:
        """Take note of what was archived before the store was brought here: the log begins after that."""
        self._log = LogFold(archived)

    def follow(self) -> None:
        """Go on along the numbered log, to its end as it is now."""
        while rows := self.link.rows(_NUMBERED, (self._log.end[0], BATCH)):
            for log_hash, seq, *columns in rows:
                before = self._log.end[1]
                if columns[0] is None:
                    self.problems.append(f"seal {seq}: it numbers an event that is not there")
                    self._log.end = seq, log_hash
                    continue
                row: EventRow = (seq, *given(columns))
                self._log.absorb(row, self.problems)
                self._absorb(row)
                if log_hash != self._log.end[1]:
                    expected = log_link(before, seq, row[10])
                    self.problems.append(f"seal {seq}: log_hash: {shown(log_hash, expected)}, expected {expected:.12}")
                    self._log.end = seq, log_hash

    def _absorb(self, row: EventRow) -> None:
        self._runs.absorb(row)
        if self.derives is not None:
            self.derives.absorb(row)

    def digests(self) -> None:
        """Compare every blob with its digest; the server computes it, so that the bytes need not travel."""
        after = ""
        while rows := self.link.rows(_BLOBS, (after, BLOBS)):
            for digest, actual in rows:
                self._blobs[digest] = actual
                if digest != actual:
                    self.problems.append(f"blob {shown(digest)}: bytes: their digest is {actual:.12}")
            after = rows[-1][0]

    def compare(self, reading: PostgresReading, anchor: Anchor, anchored: Head | None) -> None:
        """Compare what changes with the log: all of it as it is at one moment, before which `anchored` was read."""
        log = self._log.head(self.problems) or Head(LOG, 0, GENESIS)
        self._unnumbered()
        self._digests_since()
        heads = {run: Head(run, count, end) for run, (count, end) in self._runs.ends.items()}
        spans = {name: (course.first, course.last) for name, course in self._runs.courses.items()}
        self.fold = Fold(self._runs.tasks(), spans, self._runs.house, heads, self._log.events)
        self.problems += _schema(self.link)
        self.problems += _tasks(self.link, self.fold)
        self.problems += _folded(self.link, self.fold, log)
        self.problems += self._beside(summed(part for (part,) in self.link.rows(EVERY_PART)))
        if anchored is None and log.count:
            self.problems.append(f"there is no anchor at {anchor.path}: onloop cannot tell whether the log was cut")
        if anchored is not None:
            self.problems += anchor.problems(reading, log, anchored)
        if self.derives is not None:
            self.problems += islice(self.derives.problems(reading, self.fold, frozenset(self._blobs)), MOST)

    def _unnumbered(self) -> None:
        """Go on along what is committed and has no number yet."""
        for is_awaited, seq, *columns in self.link.rows(_UNNUMBERED):
            row: EventRow = (seq, *given(columns))
            self._absorb(row)
            if not is_awaited:
                self.problems.append(f"event {row[2]} of run {row[1]} ({row[3]}, {row[5]}): nobody will number it")

    def _digests_since(self) -> None:
        """The blobs that came while the others were looked at."""
        there = {digest for (digest,) in self.link.rows("SELECT digest FROM blob")}
        for digest in there - self._blobs.keys():
            for _, actual in self.link.rows(_BLOB, (digest,)):
                self._blobs[digest] = actual

    def _beside(self, tallies: Tallies) -> Iterator[str]:
        """Rows outside the fold: each against its seal, and each table against its tally."""
        for table in ROW_TABLES.values():
            if table.name in UNTALLIED:
                continue
            total, count = GENESIS, 0
            for row in self.link.rows(f"{table.select}true"):
                *values, seal = given(row)
                expected = seal_of(table.name, values)
                if seal != expected:
                    told = f"one of {', '.join(table.columns)}: seal {shown(seal)}, expected {expected:.12}"
                    yield f"{table.name} {shown(values[0])}: {told}"
                total, count = added(total, expected), count + 1
            yield from tally_differs(table.name, count, total, tallies.pop(table.name, (0, GENESIS)))
        total = GENESIS
        for actual in self._blobs.values():
            total = added(total, actual)
        yield from tally_differs("blob", len(self._blobs), total, tallies.pop("blob", (0, GENESIS)))
        for name, tally in tallies.items():
            if tally != (0, GENESIS):
                yield f"tally {shown(name)}: it belongs to no table"


@contextmanager
def moment(link: DatabaseLink) -> Iterator[PostgresReading]:
    """One moment of the database, which may be thought about."""
    link.rows("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (f"{CALM_S}s",))
    link.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield PostgresReading(link)
    finally:
        link.drop()


def _schema(link: DatabaseLink) -> Iterator[str]:
    """What keeps the log from being changed by whoever owns it."""
    found = {name for (name,) in link.rows(_TRIGGERS)}
    for name in _OF_THE_LOG:
        if name not in found:
            yield f"schema {name}: nothing, expected a trigger that is enabled"


def _tasks(link: DatabaseLink, fold: Fold) -> Iterator[str]:
    columns = f"{', '.join(TASK_COLUMNS)}, seal"
    stored: dict[Any, Sequence[Any]] = {row[0]: given(row) for row in link.rows(f"SELECT {columns} FROM task")}  # noqa: S608
    for task_id, task in fold.tasks.items():
        expected = task_columns(task)
        yield from differs("task", TASK_COLUMNS, stored.pop(task_id, None), (*expected, seal_of("task", expected)))
    for task_id in stored:
        yield f"task {shown(task_id)}: a row that no event explains"


def _folded(link: DatabaseLink, fold: Fold, log: Head) -> Iterator[str]:
    house = (HOUSE, to_text(fold.house))
    found = next((given(row) for row in link.rows("SELECT id, data, seal FROM house")), None)
    if found is not None or HOUSE in fold.heads:
        yield from differs("house", ("id", "data"), found, (*house, seal_of("house", house)))
    rows = link.rows("SELECT run, count, hash, seal FROM head")
    stored = {row[0]: row for row in map(given, rows)}
    heads = [*fold.heads.values(), *([log] if log.count else [])]
    for head in heads:
        expected = (head.run, head.count, head.hash)
        found = stored.pop(head.run, None)
        yield from differs("head", ("run", "count", "hash"), found, (*expected, seal_of("head", expected)))
    for run in stored:
        yield f"head {shown(run or 'of the log')}: a row that no event explains"
