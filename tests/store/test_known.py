"""What a connection remembers of the store is what the store holds, whoever writes and whatever is undone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloop.machine.events import Claimed, Created, Event
from onloop.machine.evolve import evolve
from onloop.machine.store_state import HOUSE, Frozen, evolve_store
from onloop.machine.task import Kind
from onloop.store.port import EventEntry, Transaction
from onloop.store.rows import LOG, Head, Job, Lease, TimerRow, columns, table_of
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect
from onloop.store.sqlite.tables import Tables
from onloop.store.sqlite.write_cache import MOST_ROWS
from onloop.store.verification import verify

TASKS = ("r1", "r2")
CREATED = Created("Fix it", Kind.WORK, "feature", "d1", "human:ana", "r", repo="billing")


class Undone(Exception):
    """Thrown out of a transaction."""


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    create_store(tmp_path)
    stores = SqliteStore(tmp_path), SqliteStore(tmp_path)
    yield stores
    for store in stores:
        store.close()


def _step(tx: Transaction, task: str, number: int) -> None:
    """Some event of the task, with rows that come and go."""
    before = tx.task(task)
    event: Event = CREATED if before is None else Claimed(f"agent:{number}", "implementer", number, 1)
    tx.append([EventEntry(task, task, event, number, "human:ana")])
    tx.put_task(evolve(before, event, id=task, at=number))
    for due in tx.select(TimerRow, task=task)[1:]:
        tx.delete(TimerRow, due.id)
    tx.put(TimerRow(f"{task}|timeout|{number}", task, "timeout", str(number), number))
    if number % 3:
        tx.put(Lease(task, number, "agent:a", number, number, number))
    else:
        tx.delete(Lease, task)
    house = Frozen("all", "human:ana", str(number))
    tx.append([EventEntry(HOUSE, HOUSE, house, number, "human:ana")])
    tx.put_house(evolve_store(tx.house(), house))


def _seen(tx: Transaction) -> object:
    """All that is remembered between transactions."""
    return (
        [
            (tx.task(task), tx.get(Lease, task), tuple(tx.select(TimerRow, task=task)), tx.get(Head, task))
            for task in TASKS
        ],
        tx.get(Head, LOG),
        tx.house(),
    )


def _asked_anew(store: SqliteStore) -> object:
    fresh = SqliteStore(store.folder)
    with fresh.reading() as at:
        found = _seen(at)
    fresh.close()
    return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from(TASKS), st.integers(0, 1), st.sampled_from(("commit", "undo", "group", "group undo", "change"))
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_two_connections_that_write_in_turn_see_what_a_new_one_sees(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    create_store(folder)
    stores = SqliteStore(folder), SqliteStore(folder)
    for number, (task, which, how) in enumerate(steps):
        _play(stores[which], task, number, how)
        for store in stores:
            assert store.transact(_seen) == _asked_anew(store)
    with stores[0].reading() as at:
        assert verify(at).problems == ()
    for store in stores:
        store.close()


def _play(store: SqliteStore, task: str, number: int, how: str) -> None:
    with suppress(Undone):
        if how == "change":
            with store.changing() as tables:
                _step(tables, task, number)
            return
        if how in {"commit", "undo"}:
            _part(store, task, number, undo=how == "undo")
            return
        with store.grouping():
            _part(store, task, number, undo=False)
            with suppress(Undone):
                _part(store, task, number + 1000, undo=how == "group undo")
            _part(store, task, number + 2000, undo=False)


def _part(store: SqliteStore, task: str, number: int, *, undo: bool) -> None:

    def write(tx: Transaction) -> None:
        _step(tx, task, number)
        if undo:
            raise Undone

    store.transact(write)


def test_a_connection_that_wrote_last_asks_for_nothing_that_it_wrote(two: tuple[SqliteStore, SqliteStore]) -> None:
    mine, other = two
    asked: list[str] = []

    def note(_cursor: object, sql: str, _values: object) -> bool:
        asked.append(sql)
        return True

    def again() -> list[str]:
        asked.clear()
        mine.transact(_seen)
        return [sql for sql in asked if sql.startswith("SELECT")]

    def write(tx: Transaction) -> None:
        _step(tx, "r1", 0)
        _step(tx, "r2", 1)

    mine.transact(write)
    mine.connection.exec_trace = note
    again()
    assert again() == []
    other.transact(lambda tx: _step(tx, "r1", 2))
    assert again() != []
    mine.connection.exec_trace = None


def test_what_is_remembered_has_an_end(two: tuple[SqliteStore, SqliteStore]) -> None:
    store = two[0]

    def write(tx: Transaction) -> None:
        for number in range(MOST_ROWS + 1):
            tx.put(Lease(f"t{number}", 1, "agent:a", 1, 1, 1))

    store.transact(write)
    assert store.transact(lambda tx: tx.get(Lease, "t7")) is not None
    assert len(store._tables._memory.rows) < 10


def _dealt(tx: Transaction, dice: random.Random) -> None:
    """A few changes of rows, each seen at once as the file has it; sometimes all for nothing."""
    assert isinstance(tx, Tables)
    for _ in range(dice.randint(1, 5)):
        task, key = f"t{dice.randint(0, 2)}", str(dice.randint(0, 6))
        due, job = (
            TimerRow(f"d{key}", task, "k", "", dice.randint(0, 9)),
            Job(f"j{key}", task, None, dice.randint(0, 9)),
        )
        deeds: tuple[Callable[[], object], ...] = (
            lambda due=due: tx.put(due),  # type: ignore[misc]  # bound now
            lambda job=job: tx.put(job),  # type: ignore[misc]
            lambda task=task: tx.put(Lease(task, dice.randint(0, 3), "agent:a", 1, 1, 1)),  # type: ignore[misc]
            lambda due=due: tx.delete(TimerRow, due.id),  # type: ignore[misc]
            lambda job=job: tx.delete(Job, job.id),  # type: ignore[misc]
            lambda task=task: tx.delete(Lease, task),  # type: ignore[misc]
            lambda: tx.put_blob(b"%d" % dice.randint(0, 30)),
        )
        dice.choice(deeds)()
        for kind, name in ((TimerRow, due.id), (Job, job.id), (Lease, task)):
            found = tx.run(f"SELECT * FROM {table_of(kind)} WHERE {columns(kind)[0]}=?", (name,))  # noqa: S608
            assert tx.get(kind, name) == (kind(*found[0][:-1]) if found else None)
    if dice.random() < 0.3:
        raise Undone


def test_whatever_is_done_and_undone_in_groups_and_apart_every_row_and_every_tally_is_right(
    two: tuple[SqliteStore, SqliteStore],
) -> None:
    dice = random.Random(4)  # noqa: S311 - a schedule, not a secret

    def part(store: SqliteStore) -> None:
        with suppress(Undone):
            store.transact(lambda tx: _dealt(tx, dice))

    for _ in range(120):
        store = two[dice.random() < 0.3]
        if dice.random() < 0.5:
            part(store)
        else:
            with suppress(Undone), store.grouping():
                for _ in range(dice.randint(1, 4)):
                    part(store)
                if dice.random() < 0.15:
                    raise Undone
        assert inspect(two[0]).problems == ()
