"""A team's store on PostgreSQL: as many writers as there are gateways, each run's in turn."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import errors

from onloop.errors import BadInput, FailureKind, Unavailable
from onloop.records import replace
from onloop.store.anchor import Anchor
from onloop.store.port import AnswerT, Reading, Transaction
from onloop.store.postgres.database_clock import database_clock
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.postgres_reading import IS_ANY_PENDING, LOG_HEAD, NUMBER, PostgresReading, log_head_in
from onloop.store.postgres.postgres_transaction import PostgresTransaction
from onloop.store.postgres.run_locks import LockFirst, LockPlan, first_plan
from onloop.store.postgres.run_memory import Memories
from onloop.store.postgres.schema_version import check_schema
from onloop.store.rows import Head

BUSY_MS = 30_000
MOST_TRIES = 40
PATIENT_TRIES = 8
MOST_LOCKED = 2_000
"""How often a body is run again because another writer was first, after which of them it is to be the only one, and
how often because it needs one more lock."""

LOOK_S = 10.0
"""How often the version of the tables and the clock are looked at, in seconds."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.002, 0.25
MOST_SEALED = 2_000
"""How many stretches of the log are numbered in one go."""

SEALER_WAIT_MS = 2_000
_SNAPSHOT = "SELECT pg_current_snapshot()::text"
_STATUS = "SELECT pg_xact_status(%s::text::xid8)"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_AGAIN = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.UniqueViolation,
    errors.DivisionByZero,
)
"""What another writer's change gives this one: it is to be run again, and to look first."""


class PostgresStore:
    """See Store. One object serves one thread, and has one connection."""

    def __init__(self, url: str, name: str, anchor: Path, busy_ms: int = BUSY_MS) -> None:
        """Open the store at `url`, which people are told as `name`; StoreError or Unavailable says why it cannot be."""
        self.name = name
        self.link = DatabaseLink(url, name, busy_ms)
        self.anchor = Anchor(anchor)
        self.receipt: Head | None = None
        self._clock = database_clock(url, name)
        self._looked_at = 0.0
        self._memories = Memories()
        try:
            with self.link.guarded():
                self._look_again()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """See Store.reading."""
        with self.link.guarded():
            self._again_if_cut(self._look_again)
            reading = PostgresReading(self.link)
            try:
                self._again_if_cut(lambda: self._begin_reading(reading))
                yield reading
            finally:
                self.link.give_up()

    def _begin_reading(self, reading: PostgresReading) -> None:
        """Begin a moment in which all that was committed before has a number."""
        while True:
            anchored = self.anchor.read()  # first: other stores of this machine move it, and may have seen more
            _, heads, ((is_any_pending,),) = self.link.together([(_READ, ()), (LOG_HEAD, ()), (IS_ANY_PENDING, ())])
            if not is_any_pending:
                break
            self.link.give_up()
            if not self.number():
                _, heads = self.link.together([(_READ, ()), (LOG_HEAD, ())])
                break
        self._look_at_anchor(reading, log_head_in(heads), anchored)

    def _again_if_cut(self, act: Callable[[], None]) -> None:
        """Do something that changes nothing; once more, over a new connection, if the one that there was is gone."""
        try:
            act()
        except psycopg.OperationalError as problem:
            if not self._is_cut(problem):
                raise
            self.link.drop()
            act()

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:
        """See Store.transact. `body` runs again when another writer was first, or when it has to lock more."""
        plan, tries, grown = first_plan(about), 0, 0
        with self.link.guarded():
            self._again_if_cut(self._look_again)
            while True:
                try:
                    return self._once(body, plan, is_careful=tries > 1)
                except LockFirst as more:
                    plan, grown = more.plan, grown + 1
                    _check_ends(self.name, grown, MOST_LOCKED)
                except (_Lost, *_AGAIN):
                    tries += 1
                    _check_ends(self.name, tries, MOST_TRIES)
                    _pause(tries)
                    if tries >= PATIENT_TRIES:
                        plan = replace(plan, is_alone=True)

    def _look_again(self) -> None:
        """Every few seconds: whether the tables are still those that this onloop knows, and what time it is there."""
        if time.monotonic() - self._looked_at > LOOK_S:
            check_schema(self.link)
            self._clock.ask(self.link)
            self._looked_at = time.monotonic()

    def _once(self, body: Callable[[Transaction], AnswerT], plan: LockPlan, *, is_careful: bool) -> AnswerT:
        """Do `body` once. A connection that is cut in the commit is asked about; before it, nothing is left."""
        tx, xid = PostgresTransaction(self.link, plan, self._memories, is_careful=is_careful), ""
        is_ending, anchored = False, self.anchor.read()  # first: other stores of this machine move it
        try:
            _, _, ((xid, house_count, log_count),), *runs = self.link.together(list(plan.statements()))
            self._check_not_cut(tx, log_count or 0, anchored)
            tx.house_count = -1 if house_count is None else house_count
            for run, rows in zip(plan.in_order(), runs, strict=True):
                tx.now_locked(run, rows)
            answer = body(tx)
            is_ending = True
            if tx.finish():
                self._done(tx)
            else:
                self.link.give_up()
                tx.keep()
        except UnicodeEncodeError as problem:
            self.link.give_up()
            raise BadInput(f"text that is not UTF-8: {problem.reason}", hint="give text as UTF-8") from None
        except psycopg.OperationalError as problem:
            if not self._is_cut(problem):
                self.link.give_up()
                raise
            self.link.drop()
            if not is_ending or not self._is_committed(xid):
                raise _Lost from problem
            self._done(tx)
        except BaseException:
            self._memories.forget(tx.locked)
            self.link.give_up()
            raise
        return answer

    def _check_not_cut(self, reading: PostgresReading, log_count: int, anchored: Head | None) -> None:
        """StoreError if the log ends before the anchored head: nothing is written to an old copy."""
        if anchored is not None and anchored.count > log_count:
            self.anchor.check(reading, reading.log_head(), anchored)

    def _done(self, tx: PostgresTransaction) -> None:
        tx.keep()
        if tx.appended:
            self.receipt = tx.receipt or tx.locked[tx.appended[-1]].head

    def _is_cut(self, problem: psycopg.OperationalError) -> bool:
        """Whether the connection is gone, or about to be."""
        return self.link.is_cut or (problem.sqlstate or "").startswith(("57P", "08", "25P"))

    def _is_committed(self, xid: str) -> bool:
        """What became of a transaction whose end was not heard of: the server knows."""
        for tries in range(MOST_TRIES):
            ((status,),) = self.link.rows(_STATUS, (xid,))
            if status in {"committed", "aborted"}:
                return str(status) == "committed"
            _pause(tries)
        raise Unavailable(
            f"{self.name} lost the connection while it committed, and does not say what became of it",
            hint="ask again under the same key: it happens once",
            kind=FailureKind.UNREACHABLE,
        )

    def number(self) -> bool:
        """Number what is committed and has no number yet; False where that takes others too long, or cannot be."""
        try:
            ((done,),) = self.link.rows(NUMBER, (MOST_SEALED, False))
            return done >= 0 or self._number_after_others() >= 0
        except (errors.ReadOnlySqlTransaction, errors.LockNotAvailable):
            return False  # a standby, or a sealer that takes long: what has a number is what there is

    def _number_after_others(self) -> int:
        self.link.rows("SELECT set_config('lock_timeout', %s, false)", (str(SEALER_WAIT_MS),))
        try:
            ((done,),) = self.link.rows(NUMBER, (MOST_SEALED, True))
        finally:
            self.link.rows("SELECT set_config('lock_timeout', %s, false)", (str(self.link.busy_ms),))
        return int(done)

    def _look_at_anchor(self, reading: PostgresReading, log: Head, anchored: Head | None) -> None:
        """StoreError unless the log goes through the anchored head; then the anchor is set to where the log is now."""
        if anchored == log or (anchored is None and not log.count):
            return
        if anchored is not None and anchored.count and not self._passes(reading, anchored, log):
            self.anchor.check(reading, log, anchored)
        self.anchor.write(log)

    def _passes(self, reading: PostgresReading, anchored: Head, log: Head) -> bool:
        """Whether the log was at the anchored head once: the quick way, by what was sealed then."""
        if anchored.count > log.count:
            return False
        found = reading.run("SELECT log_hash FROM seal WHERE seq = %s", (anchored.count,))
        return found == [(anchored.hash,)]

    def stamp(self) -> int:
        """See Store.stamp. It also differs after what this connection committed itself."""
        with self.link.guarded():
            ((snapshot,),) = self.link.rows(_SNAPSHOT)
        return int.from_bytes(sha256(snapshot.encode()).digest()[:7], "big")

    def close(self) -> None:
        """See Store.close."""
        self.link.drop()
        self.anchor.close()


class _Lost(Exception):
    """The connection was cut, and the transaction has left no trace."""


def _check_ends(name: str, tries: int, most: int) -> None:
    if tries >= most:
        words = f"{name}: others were first {tries} times"
        raise Unavailable(words, hint="try again", kind=FailureKind.BUSY)


def _pause(tries: int) -> None:
    """Wait a little, more after each try, and never two writers alike."""
    time.sleep(random.uniform(0, min(LONGEST_PAUSE_S, SHORTEST_PAUSE_S * 2 ** min(tries, 10))))  # noqa: S311
