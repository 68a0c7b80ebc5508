"""Fills an empty store in a database with what was recorded elsewhere: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from onloop.machine.store_state import HOUSE
from onloop.store.chain import base_of, columns_of, log_link
from onloop.store.interchange import ImportSource, import_source
from onloop.store.port import Recorded
from onloop.store.postgres.database_link import DatabaseLink
from onloop.store.postgres.postgres_store import BUSY_MS
from onloop.store.postgres.postgres_transaction import PostgresTransaction
from onloop.store.postgres.run_locks import LockPlan
from onloop.store.postgres.run_memory import Memories
from onloop.store.postgres.stored_text import stored
from onloop.store.rows import Archived
from onloop.store.verification import Fold

CALM_S = 600
"""How long the transaction may think between two statements, in seconds."""

_EVENT = "COPY event FROM STDIN"
_SEAL = "COPY seal FROM STDIN"


class PostgresFilling(PostgresTransaction):
    """See FillableStore. What was archived before comes first in the log's chain."""

    def __init__(self, link: DatabaseLink, plan: LockPlan, archived: Sequence[Archived]) -> None:
        super().__init__(link, plan, Memories())
        self._end = base_of(archived)

    def insert(self, events: Iterable[Recorded]) -> None:
        """See FillableStore."""
        given = list(events)
        with self._link.connection.cursor() as cursor:
            with cursor.copy(_EVENT) as copy:
                for event in given:
                    copy.write_row(stored(columns_of(event)[1:]))
            with cursor.copy(_SEAL) as copy:
                for event in given:
                    self._end = log_link(self._end, event.seq, event.hash)
                    copy.write_row((event.seq, stored((event.run,))[0], event.run_seq, self._end))


def filled(url: str, name: str, source: ImportSource) -> Fold:
    """Fill the store at `url`, which is empty, with all that `source` holds; StoreError says what does not fit."""
    link = DatabaseLink(url, name, BUSY_MS)
    try:
        with filling(link, source.archived) as tx:
            return import_source(tx, source)
    finally:
        link.drop()


@contextmanager
def filling(link: DatabaseLink, archived: Sequence[Archived]) -> Iterator[PostgresFilling]:
    """A transaction beside which nobody else writes; it is committed at the end of the block."""
    plan = LockPlan(frozenset({HOUSE}), is_alone=True)
    with link.guarded():
        link.rows("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (f"{CALM_S}s",))
        tx = PostgresFilling(link, plan, archived)
        try:
            for statement, values in plan.statements():
                if statement.startswith(("BEGIN", "SELECT pg_advisory")):
                    link.together([(statement, values)])
            yield tx
            tx.finish()
        except BaseException:
            link.give_up()
            raise
