"""Stores that threads share: lent to one at a time, people first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from onloop.errors import Unavailable
from onloop.store.memory import MemoryStore
from onloop.store.port import Store
from onloop.store.store_pool import PooledStore, StorePool
from support.waiting import wait_for


@dataclass
class Made:
    """What makes stores over one memory, and counts them."""

    stores: list[MemoryStore] = field(default_factory=list)
    fails: bool = False

    def __call__(self) -> Store:
        if self.fails:
            raise Unavailable("the database starts up", hint="try again")
        self.stores.append(MemoryStore())
        return self.stores[-1]


def test_no_more_stores_are_made_than_may_be_and_each_has_one_user() -> None:
    made, inside, most = Made(), [0], [0]
    pool, turn = StorePool(made, 3), threading.Lock()

    def use(_: int) -> None:
        with pool.lent():
            with turn:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with turn:
                inside[0] -= 1

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(use, range(200)))
    assert len(made.stores) <= 3
    assert most[0] <= 3


def test_who_works_for_a_person_is_first_of_those_who_wait() -> None:
    pool, order = StorePool(Made(), 1), list[str]()

    def use(name: str, *, first: bool) -> None:
        with pool.lent(first=first):
            order.append(name)

    with ThreadPoolExecutor(4) as threads, pool.lent():
        for name in ("one", "two"):
            threads.submit(use, name, first=False)
        threads.submit(use, "ana", first=True)
        wait_for(lambda: pool.waiting == (2, 1), lambda: "they do not wait")
    assert order[0] == "ana"
    assert sorted(order) == ["ana", "one", "two"]


def test_who_waits_too_long_is_told() -> None:
    pool = StorePool(Made(), 1, patience_s=0.01)
    with pool.lent(), pytest.raises(Unavailable, match="1 callers have used the store"), pool.lent():
        pass
    with pool.lent():
        pass


def test_a_store_that_cannot_be_opened_takes_nobodys_place() -> None:
    made = Made(fails=True)
    pool = StorePool(made, 1)
    for _ in range(3):
        with pytest.raises(Unavailable, match="starts up"), pool.lent():
            pass
    made.fails = False
    with pool.lent():
        pass


def test_what_is_closed_closes_each_store_once_nobody_uses_it() -> None:
    closed = list[str]()

    class Closing(MemoryStore):
        def close(self) -> None:
            closed.append("one")

    pool = StorePool(Closing, 2)
    with pool.lent():
        with pool.lent():
            pass
        pool.close()
        assert closed == ["one"]
    assert closed == ["one", "one"]


def test_a_borrower_has_the_receipt_of_its_own_change_and_no_other() -> None:
    pool = StorePool(Made(), 1)
    one, two = PooledStore(pool), PooledStore(pool)
    digest = one.transact(lambda tx: tx.put_blob(b"x"))
    with two.reading() as at:
        assert at.blob(digest) == b"x"
    assert one.receipt is not None or two.receipt is None
    assert two.receipt is None
    one.close()
    assert isinstance(two.stamp(), int)
