"""What the gateway passes on of a repository to whoever holds a task of it, and cannot reach its origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from onloop.access.histories.branch_work import hand_in_branch
from onloop.access.histories.kin import kin_of
from onloop.access.opening import borrowing
from onloop.access.submission import held_task
from onloop.gates.bundles.history_offer import HistoryOffer
from onloop.gates.bundles.passed_history import HistoryCache
from onloop.gates.contents.tags import tags_or_none
from onloop.gates.repository.mirror import Mirror
from onloop.home import Home
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.connection_operations import OfferHistory, ReadBundle, SubmitBranch
from onloop.store.rows import Head
from onloop.store.store_pool import StorePool

T = TypeVar("T")


class PassedHistories(Record):
    """See Histories: from the mirrors of a home, for who holds the lease of a task, of that task's repository alone."""

    home: Home
    stores: StorePool

    def offer(self, asked: OfferHistory) -> HistoryOffer:
        """See Histories.offer; the mirror follows its origin first, by the gateway's own credentials."""

        def offered(mirror: Mirror, task: Task) -> HistoryOffer:
            mirror.create()
            mirror.refresh(task.target)
            tags_or_none(mirror)
            return self._cache.offer(mirror, task.target, kin_of(task), asked.have, asked.seen)

        return self._of_theirs(asked.principal, offered)

    def page(self, asked: ReadBundle) -> bytes:
        """See Histories.page."""

        def read(mirror: Mirror, task: Task) -> bytes:
            return self._cache.page(mirror, kin_of(task), asked.digest, asked.offset)

        return self._of_theirs(asked.principal, read)

    def submit_branch(self, asked: SubmitBranch) -> tuple[Task, Head | None]:
        """See Histories.submit_branch."""
        opened = borrowing(self.home, self.stores)
        task = hand_in_branch(opened, asked.principal, asked.statement, key=asked.key)
        return task, opened.gateway.store.receipt

    @property
    def _cache(self) -> HistoryCache:
        return HistoryCache(self.home.bundles)

    def _of_theirs(self, agent: Principal, read: Callable[[Mirror, Task], T]) -> T:
        opened = borrowing(self.home, self.stores)
        task = held_task(opened, agent)
        return read(opened.mirror(task.origin or ""), task)
