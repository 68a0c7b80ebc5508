"""A few stores that many threads share: each is lent to one at a time, people first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onloop.errors import Unavailable
from onloop.store.port import AnswerT, Reading, Store, Transaction
from onloop.store.rows import Head

PATIENCE_S = 30.0
"""How long somebody waits for a store, in seconds."""


class StorePool:
    """Lends at most `most` stores, each made by `make` when it is first needed."""

    def __init__(self, make: Callable[[], Store], most: int, patience_s: float = PATIENCE_S) -> None:
        self._make, self._most, self._patience_s = make, most, patience_s
        self._spare = list[Store]()
        self._made = self._waiting = self._waiting_first = 0
        self._is_closed = False
        self._turn = threading.Condition()

    @contextmanager
    def lent(self, *, first: bool = False) -> Iterator[Store]:
        """A store for the block; who comes `first` waits for nobody who does not. Unavailable after a long wait."""
        store = self._taken(first=first)
        try:
            yield store
        finally:
            self._give_back(store)

    def _taken(self, *, first: bool) -> Store:
        with self._turn:
            self._waiting += not first
            self._waiting_first += first
            try:
                if not self._turn.wait_for(lambda: self._is_free(first=first), self._patience_s):
                    words = f"{self._most} callers have used the store for {self._patience_s:g} s"
                    raise Unavailable(words, hint="try again")
            finally:
                self._waiting -= not first
                self._waiting_first -= first
                self._turn.notify_all()
            if self._spare:
                return self._spare.pop()
            self._made += 1
        try:
            return self._make()
        except BaseException:
            with self._turn:
                self._made -= 1
                self._turn.notify_all()
            raise

    @property
    def waiting(self) -> tuple[int, int]:
        """How many wait for a store now: of all, and of those who come first."""
        with self._turn:
            return self._waiting, self._waiting_first

    def _is_free(self, *, first: bool) -> bool:
        return bool(self._spare or self._made < self._most) and (first or not self._waiting_first)

    def _give_back(self, store: Store) -> None:
        with self._turn:
            if not self._is_closed:
                self._spare.append(store)
                self._turn.notify_all()
                return
        store.close()

    def close(self) -> None:
        """Close the stores that nobody uses now, and each of the others as soon as it is given back."""
        with self._turn:
            self._is_closed = True
            spare, self._spare = self._spare, []
        for store in spare:
            store.close()


class PooledStore:
    """See Store: it borrows one of the pool for each moment and each change. One object serves one thread.

    `first` says that it works for a person.
    """

    def __init__(self, pool: StorePool, *, first: bool = False) -> None:
        self._pool, self._first = pool, first
        self.receipt: Head | None = None

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """See Store.reading."""
        with self._pool.lent(first=self._first) as store, store.reading() as reading:
            yield reading

    def transact(self, body: Callable[[Transaction], AnswerT], *, about: str = "") -> AnswerT:
        """See Store.transact."""
        with self._pool.lent(first=self._first) as store:
            answer = store.transact(body, about=about)
            self.receipt = store.receipt
            return answer

    def stamp(self) -> int:
        """See Store.stamp. Two stores need not agree on it: ask one and the same, if you compare."""
        with self._pool.lent(first=self._first) as store:
            return store.stamp()

    def close(self) -> None:
        """See Store.close. The pool goes on."""
