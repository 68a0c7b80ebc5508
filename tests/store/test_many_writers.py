"""A team's store with several writers at once: what was answered holds, nothing is done twice, and nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from onloop.errors import Ground
from onloop.machine.denials import Denied
from onloop.machine.marks import Seen
from onloop.machine.store_state import HOUSE, Frozen, StoreEvent, evolve_store
from onloop.store.port import EventEntry, Transaction
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.rows import IdempotencyRecord, Lease
from store.writers import WORKING, append, begin, check, log_of, move, record, together
from support.team_store import team_server
from support.waiting import DEADLINE_S, wait_for


def test_writers_of_one_run_take_turns_though_none_says_what_it_is_about(stores: list[PostgresStore]) -> None:
    begin(stores[0], "r1")

    def many(store: PostgresStore) -> None:
        for _ in range(8):
            move(store, "r1", about="")

    assert together(*(lambda store=store: many(store) for store in stores)) == []

    with stores[0].reading() as at:
        task = at.task("r1")
        assert task is not None and task.version == 25
    check(stores[0])


def test_a_row_that_two_read_and_change_loses_neither_change(stores: list[PostgresStore]) -> None:
    def count(tx: Transaction) -> None:
        known = tx.get(IdempotencyRecord, "k")
        tx.put(IdempotencyRecord("k", "count", str(int(known.reply) + 1 if known else 1), 5))

    def many(store: PostgresStore) -> None:
        for _ in range(10):
            store.transact(count)

    assert together(*(lambda store=store: many(store) for store in stores)) == []

    with stores[0].reading() as at:
        assert at.get(IdempotencyRecord, "k") == IdempotencyRecord("k", "count", "30", 5)


def test_one_key_gives_one_answer_though_two_gateways_are_asked_at_once(stores: list[PostgresStore]) -> None:
    met = threading.Barrier(2, timeout=DEADLINE_S)

    def claim(store: PostgresStore, run: str) -> str:
        begin(store, run)
        waits = [True]

        def body(tx: Transaction) -> str:
            known = tx.get(IdempotencyRecord, "k")
            if waits.pop() if waits else False:
                met.wait()
            if known is not None:
                return known.reply
            tx.put(Lease(run, 1, "agent:a", 99, 1, 1))
            tx.put(IdempotencyRecord("k", "claim", run, 5))
            return run

        return store.transact(body)

    answers = list[str]()
    assert together(*(lambda n=n: answers.append(claim(stores[n], f"r{n}")) for n in (0, 1))) == []

    assert len(set(answers)) == 1
    with stores[2].reading() as at:
        assert [lease.task for lease in at.select(Lease)] == answers[:1]


def test_a_run_that_another_writer_has_is_passed_over_and_what_it_left_is_seen_after(
    stores: list[PostgresStore],
) -> None:
    one, other, _ = stores
    begin(one, "r1")
    seen = list[object]()

    def outer(tx: Transaction) -> None:
        append(tx, "r1", WORKING)
        seen.append(other.transact(lambda inner: inner.lock_run("r1", wait=False)))

    def after(tx: Transaction) -> int:
        before = tx.task("r1")
        assert tx.lock_run("r1", wait=False)
        now = tx.task("r1")
        return 0 if before is None or now is None else now.version

    one.transact(outer, about="r1")

    assert seen == [False]
    assert other.transact(after) == 2


def test_a_name_that_is_no_run_is_a_lock_too(stores: list[PostgresStore]) -> None:
    one, other, _ = stores
    seen = list[bool]()

    def outer(tx: Transaction) -> None:
        assert tx.lock_run("effects on x", wait=False)
        seen.append(other.transact(lambda inner: inner.lock_run("effects on x", wait=False)))

    one.transact(outer)

    assert seen == [False]
    assert other.transact(lambda inner: inner.lock_run("effects on x", wait=False))


HELD = """
import os, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from onloop.store.postgres.postgres_store import PostgresStore
from store.test_many_writers import WORKING, append
def body(tx):
    if not tx.house().freezes:
        append(tx, "r1", WORKING)
    os.write(1, b"inside")
    os.read(0, 1)
store = PostgresStore({url!r}, "team", Path({anchor!r}))
store.transact(body, about="r1")
"""


def test_nothing_moves_after_the_answer_to_a_freeze_though_a_gateway_was_stopped_within_a_transaction(
    stores: list[PostgresStore], database: str, tmp_path: Path
) -> None:
    one, watching, _ = stores
    begin(one, "r1")
    url = team_server().url(database, "onloop_gateway")
    program = HELD.format(paths=sys.path, url=url, anchor=str(tmp_path / "anchor"))
    gateway = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert gateway.stdout is not None and gateway.stdout.read(6) == b"inside"
    gateway.send_signal(signal.SIGSTOP)
    frozen = threading.Thread(target=record, args=(one, Frozen("all", "human:ana", "look")))
    frozen.start()

    while frozen.is_alive():  # a dashboard goes on meanwhile
        assert log_of(watching)[:1] == [(1, "r1", 1)]
    frozen.join()
    at_the_answer = log_of(watching)
    gateway.send_signal(signal.SIGCONT)
    gateway.communicate(b"x", timeout=60)

    assert gateway.returncode == 0  # it found its transaction gone, looked again, and saw the freeze
    assert [run for _, run, _ in at_the_answer] == ["r1", HOUSE]
    assert log_of(watching) == at_the_answer


def test_a_freeze_waits_for_what_is_under_way_and_what_begins_later_sees_it(stores: list[PostgresStore]) -> None:
    one, other, third = stores
    begin(one, "r1")
    order, frozen = list[str](), threading.Thread(target=record, args=(other, Frozen("all", "human:ana", "look")))

    def body(tx: Transaction) -> None:
        assert not tx.house().freezes
        frozen.start()
        wait_for(lambda: waits_for_gate(third), lambda: "the freeze waits")
        append(tx, "r1", WORKING)
        order.append("moved")

    one.transact(body, about="r1")
    frozen.join()

    assert third.transact(lambda tx: list(tx.house().freezes), about="r1") == ["all"]
    assert [run for _, run, _ in log_of(third)] == ["r1", "r1", HOUSE]


def waits_for_gate(store: PostgresStore) -> bool:
    found = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND NOT granted"
    return bool(store.link.rows(found)[0][0])


@pytest.mark.parametrize(
    "fact", [Denied("agent:a", "claim", Ground.KIND), Seen("c1", "human:ana", 3)], ids=["denial", "mark"]
)
def test_a_fact_that_stops_nothing_waits_for_no_transition(stores: list[PostgresStore], fact: StoreEvent) -> None:
    one, other, _ = stores
    begin(one, "r1")

    def body(tx: Transaction) -> None:
        tx.house()
        record(other, fact)
        append(tx, "r1", WORKING)

    one.transact(body, about="r1")

    assert [run for _, run, _ in log_of(one)] == ["r1", HOUSE, "r1"]


def end_connection_of(store: PostgresStore, other: PostgresStore) -> None:
    """The server ends it, as when somebody terminates it, or its host fails."""
    process = int(store.link.connection.info.backend_pid)
    team_server().execute(f"SELECT pg_terminate_backend({process})")
    gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"
    wait_for(lambda: bool(other.link.rows(gone, (process,))[0][0]), lambda: "the connection has ended")


def test_a_connection_that_ended_before_the_commit_leaves_nothing_and_the_change_is_made_once(
    stores: list[PostgresStore],
) -> None:
    one, other, _ = stores
    begin(one, "r1")
    runs = list[int]()

    def body(tx: Transaction) -> None:
        runs.append(1)
        append(tx, "r1", WORKING)
        if len(runs) < 3:
            end_connection_of(one, other)

    one.transact(body, about="r1")

    assert len(runs) == 3
    assert log_of(other) == [(1, "r1", 1), (2, "r1", 2)]


@pytest.mark.parametrize("is_committed", [True, False])
def test_the_server_is_asked_what_became_of_a_commit_of_which_nothing_was_heard(
    stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch, *, is_committed: bool
) -> None:
    one, other, _ = stores
    begin(one, "r1")
    runs, sent = list[int](), one.link.together

    def cut(statements: list[tuple[str, tuple[object, ...]]]) -> object:
        if statements[-1][0] != "COMMIT" or len(runs) > 1:
            return sent(statements)
        if is_committed:
            sent(statements)
        end_connection_of(one, other)
        one.link.connection.execute("SELECT 1")
        raise AssertionError("the connection should be gone")

    monkeypatch.setattr(one.link, "together", cut)

    def body(tx: Transaction) -> None:
        runs.append(1)
        append(tx, "r1", WORKING)

    one.transact(body, about="r1")

    assert len(runs) == (1 if is_committed else 2)
    assert log_of(other) == [(1, "r1", 1), (2, "r1", 2)]


def test_two_that_lock_each_others_runs_both_get_through(stores: list[PostgresStore]) -> None:
    for run in ("r1", "r2"):
        begin(stores[0], run)
    met = threading.Barrier(2, timeout=DEADLINE_S)

    def cross(store: PostgresStore, first: str, then: str) -> None:
        waits = [True]

        def body(tx: Transaction) -> None:
            append(tx, first, WORKING)
            if waits.pop() if waits else False:
                met.wait()
            append(tx, then, WORKING)

        store.transact(body, about=first)

    assert together(lambda: cross(stores[0], "r1", "r2"), lambda: cross(stores[1], "r2", "r1")) == []
    check(stores[2])
    assert len(log_of(stores[2])) == 6


def test_the_house_is_read_anew_where_a_fact_follows_from_it(stores: list[PostgresStore]) -> None:
    """Whoever records a fact that follows from what they read of the house has it locked, and reads it again."""
    one, other, _ = stores
    begin(one, "r1")
    runs = list[int]()

    def body(tx: Transaction) -> None:
        runs.append(len(tx.house().denials))
        if len(runs) == 1:
            record(other, Denied("agent:a", "claim", Ground.KIND))
        fact = Denied("agent:b", "claim", Ground.KIND)
        tx.append([EventEntry(HOUSE, HOUSE, fact, 1, "human:ana")])
        tx.put_house(evolve_store(tx.house(), fact))
        append(tx, "r1", WORKING)

    one.transact(body, about="r1")

    assert runs == [0, 1]
    with other.reading() as at:
        assert len(at.house().denials) == 2
    check(other)
