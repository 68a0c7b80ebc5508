"""Several gateways' connections to one team's database, and what they write to it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from onloop.machine.events import Created, Moved
from onloop.machine.evolve import evolve
from onloop.machine.state import State
from onloop.machine.store_state import HOUSE, StoreEvent, evolve_store
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.port import EventEntry, Transaction
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.verification import verify

CREATED = Created("Fix it", Kind.WORK, "feature", "d1", "human:ana", "r1", repo="billing")
WORKING = Moved(State.WORKING, None)


def begun(tx: Transaction, task_id: str) -> Task:
    return append(tx, task_id, replace(CREATED, run=task_id))


def append(tx: Transaction, task_id: str, event: Created | Moved, run: str = "") -> Task:
    task = evolve(tx.task(task_id), event, id=task_id, at=7)
    tx.append([EventEntry(run or task_id, task_id, event, 7, "human:ana", "key")])
    tx.put_task(task)
    return task


def begin(store: PostgresStore, run: str) -> None:
    store.transact(lambda tx: begun(tx, run), about=run)


def move(store: PostgresStore, run: str, *, about: str | None = None) -> None:
    store.transact(lambda tx: append(tx, run, WORKING), about=run if about is None else about)


def record(store: PostgresStore, fact: StoreEvent) -> None:
    def body(tx: Transaction) -> None:
        tx.append([EventEntry(HOUSE, HOUSE, fact, 1, "human:ana")])
        tx.put_house(evolve_store(tx.house(), fact))

    store.transact(body, about=HOUSE)


def log_of(store: PostgresStore) -> list[tuple[int, str, int]]:
    with store.reading() as at:
        return [(event.seq, event.run, event.run_seq) for event in at.log()]


def check(store: PostgresStore) -> None:
    with store.reading() as at:
        assert verify(at).problems == ()


def together(*acts: Callable[[], object]) -> list[BaseException]:
    """Do all at the same time; the answer is what they raised."""
    raised = list[BaseException]()

    def do(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as problem:
            raised.append(problem)

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
