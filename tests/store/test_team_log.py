"""The log of a team: numbered by whoever reads it, in an order that nobody waits for, and kept as it was written."""

from __future__ import annotations

import psycopg
import pytest

from onloop.errors import StoreError
from onloop.store.port import EventEntry, Transaction
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.postgres.run_locks import LOCKS, SEALER
from onloop.store.rows import LOG, Head, IdempotencyRecord, Job
from onloop.store.seal import seal_of
from store.writers import CREATED, WORKING, append, begin, check, log_of, move
from support.team_store import team_server


def test_what_one_gateway_wrote_another_reads_at_once_and_in_one_order(stores: list[PostgresStore]) -> None:
    one, other, third = stores
    begin(one, "r1")
    begin(other, "r2")
    move(other, "r1")

    expected = [(1, "r1", 1), (2, "r2", 1), (3, "r1", 2)]
    assert log_of(third) == log_of(one) == log_of(other) == expected
    check(one)


def test_events_flow_though_a_transaction_was_left_open_in_another_database(stores: list[PostgresStore]) -> None:
    one, other, _ = stores
    with psycopg.connect(team_server().url("postgres", "postgres")) as left:
        left.execute("SELECT pg_current_xact_id()")
        begin(one, "r1")
        move(one, "r1")

        assert log_of(other) == [(1, "r1", 1), (2, "r1", 2)]


def test_an_event_that_is_committed_late_gets_a_later_number_and_none_waits_for_it(
    stores: list[PostgresStore],
) -> None:
    one, other, third = stores
    begin(one, "r1")

    def body(tx: Transaction) -> None:
        append(tx, "r1", WORKING)
        tx.held("r1")  # what was appended is sent, so that it is answered
        begin(other, "r2")
        assert log_of(third) == [(1, "r1", 1), (2, "r2", 1)]

    one.transact(body, about="r1")

    assert log_of(third) == [(1, "r1", 1), (2, "r2", 1), (3, "r1", 2)]


def test_a_stamp_differs_after_any_others_change_also_of_rows_beside_the_log(stores: list[PostgresStore]) -> None:
    one, other, _ = stores
    before = one.stamp()
    assert one.stamp() == before

    other.transact(lambda tx: tx.put(Job("j", "r1", None, 5)))

    assert one.stamp() != before


def test_text_keeps_every_byte_that_text_can_have(stores: list[PostgresStore]) -> None:
    odd = ("a\0b", "\x01", "\x01\0\x02", "é𝄞\u2028", "'; DROP TABLE event; --", "%s %b {}")
    rows = [IdempotencyRecord(f"k{text}", text, text, n) for n, text in enumerate(odd)]

    def write(tx: Transaction) -> None:
        for row in rows:
            tx.put(row)
            tx.append([EventEntry(row.key, row.key, CREATED, 1, row.reply, row.reply)])

    stores[0].transact(write)

    with stores[1].reading() as at:
        assert sorted(at.select(IdempotencyRecord), key=lambda row: row.at) == rows
        assert [at.get(IdempotencyRecord, row.key) for row in rows] == rows
        assert [(event.run, event.principal, event.key) for event in at.log()] == [
            (row.key, row.reply, row.reply) for row in rows
        ]
        assert [event.run for event in at.log(run=rows[0].key)] == [rows[0].key]


@pytest.mark.parametrize("table", ["event", "seal", "blob"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}", "DROP TABLE {0}"])
def test_the_role_of_a_gateway_can_only_add_to_the_log(database: str, table: str, change: str) -> None:
    column = {"event": "data", "seal": "log_hash", "blob": "bytes"}[table]
    with (
        psycopg.connect(team_server().url(database, "onloop_gateway"), autocommit=True) as line,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        line.execute(change.format(table, column).encode())


def test_a_log_that_was_cut_or_put_back_is_seen_by_the_anchor_of_each_gateway(
    stores: list[PostgresStore], database: str
) -> None:
    one, other, _ = stores
    begin(one, "r1")
    begin(one, "r2")
    assert len(log_of(one)) == len(log_of(other)) == 2

    cut = (
        "ALTER TABLE seal DISABLE TRIGGER USER",
        "DELETE FROM seal WHERE seq = 2",
        "UPDATE head SET count = 1, hash = (SELECT log_hash FROM seal WHERE seq = 1), seal = '' WHERE run = ''",
    )
    team_server().execute(*cut, database=database)
    with psycopg.connect(team_server().url(database, "postgres"), autocommit=True) as line:
        line.execute("UPDATE head SET seal = %s WHERE run = ''", (log_seal(one),))

    for store in (one, other):
        with pytest.raises(StoreError, match=r"the log ends at 1, but .* names event 2"):
            log_of(store)


def log_seal(store: PostgresStore) -> str:
    ((count, end),) = store.link.rows("SELECT count, hash FROM head WHERE run = ''")
    return seal_of("head", (LOG, count, end))


def test_a_receipt_covers_the_log_or_the_run_while_another_numbers_the_log(
    stores: list[PostgresStore], database: str
) -> None:
    begin(stores[0], "r1")
    with stores[1].reading() as at:
        assert stores[0].receipt == at.get(Head, LOG)
        assert stores[1].receipt is None
    with psycopg.connect(team_server().url(database, "postgres"), autocommit=True) as line:
        line.execute(f"SELECT pg_advisory_lock({LOCKS}, {SEALER})")
        move(stores[0], "r1")

    with stores[1].reading() as at:
        assert stores[0].receipt == at.get(Head, "r1")
    assert len(log_of(stores[2])) == 2
