"""What changes something: of a file in one commit for all who wait, of a database one by one, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from onloop.errors import OnloopError
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.quota import HeldTasks, Pace, paced_task
from onloop.gateway.service import Gateway
from onloop.opened_store import OpenedStore, grouping
from onloop.remote.framing import error_text
from onloop.remote.protocol import answer_text
from onloop.remote.server_connection import ServerConnection, WireRequest
from onloop.store.port import Store
from onloop.store.store_pool import PooledStore, StorePool


@dataclass(slots=True)
class WriterLane:
    """Carries out requests over the one store that is open, or over any of `stores`.

    `complain` hears of what nobody foresaw.
    """

    store: OpenedStore
    stores: StorePool
    gateway_for: Callable[[ServerConnection, Store], Gateway]
    clock: Callable[[], int]
    complain: Callable[[Exception], None]
    _held: HeldTasks = field(default_factory=HeldTasks)
    _pace: Pace = field(default_factory=Pace)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, waiting: Sequence[WireRequest]) -> list[str]:
        """Carry out all of them in one commit; the answers, once it is durable. An error undoes its own part."""
        answers: list[str] = []
        try:
            with grouping(self.store):
                for request in waiting:
                    answers.append(self._part(request, self.store))  # noqa: PERF401 - what was answered before an error is lost
        except Exception as problem:
            self.complain(problem)
            return [error_text(problem)] * len(waiting)
        return answers

    def carry_out_alone(self, request: WireRequest) -> str:
        """Carry out one that is committed by itself; the answer, once it is durable. Several threads may ask."""
        return self._part(request, PooledStore(self.stores, first=request.line.caller.is_of_people))

    def _part(self, request: WireRequest, store: OpenedStore) -> str:
        try:
            store.receipt = None
            found = self._carried(request, store)
            if request.operation.proves:
                request.line.caller.prove(found, getattr(request.operation, "token", ""))
            return answer_text(request.operation, found, store.receipt)
        except OnloopError as problem:
            return error_text(problem)
        except Exception as problem:
            self.complain(problem)
            return error_text(problem)

    def _carried(self, request: WireRequest, store: OpenedStore) -> Any:
        """What came of it; an account that is not ours holds no more leases than one may."""
        line, operation, account = request.line, request.operation, request.account
        gateway = self.gateway_for(line, store)
        line.caller.check_now(gateway, operation)
        is_foreign_claim = isinstance(operation, ClaimTask) and not line.own
        paced = None if line.own else paced_task(operation)
        if is_foreign_claim:
            with store.reading() as reading, self._counting:
                self._held.check(account, reading, self.clock())
        if paced is not None:
            with self._counting:
                self._pace.check(account, paced, time.monotonic())
        found = gateway.perform(operation)
        with self._counting:
            if paced is not None:
                self._pace.note(account, paced, time.monotonic())
            if is_foreign_claim and isinstance(found, ClaimGranted):
                self._held.note(account, found.task.id, found.task.epoch)
        return found
