"""Stores webhooks before they are answered: one thread, one transaction for all that wait, so that none waits long."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from onloop.access.opening import GatewayHandle
from onloop.errors import Unavailable
from onloop.triggers.delivery_operations import ReceiveDeliveries
from onloop.triggers.delivery_records import MOST_AT_ONCE, DeliveryReceipt, TakenDelivery

MOST_WAITING = 1_024
"""How many webhooks may wait to be stored; more are told to come again."""

Receipt = Future[DeliveryReceipt]


class DeliveryIntake:
    """Stores what is given to it, from `start` to `stop`. `stored` is told after each transaction."""

    def __init__(self, opened: Callable[[], GatewayHandle], stored: Callable[[], None]) -> None:
        self._opened, self._stored = opened, stored
        self._waiting: queue.Queue[tuple[TakenDelivery, Receipt] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Store what was given, and end."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(within_s)

    def give(self, taken: TakenDelivery) -> Receipt:
        """Have one stored; Unavailable where too many wait."""
        receipt: Receipt = Future()
        try:
            self._waiting.put_nowait((taken, receipt))
        except queue.Full:
            raise Unavailable("too many webhooks wait to be stored", hint="send it again in a moment") from None
        return receipt

    def _run(self) -> None:
        opened: GatewayHandle | None = None
        try:
            while (first := self._waiting.get()) is not None:
                batch = [first]
                is_last = not self._gathered(batch)
                opened = self._store(opened, batch)
                if is_last:
                    return
        finally:
            if opened is not None:
                opened.close()

    def _gathered(self, batch: list[tuple[TakenDelivery, Receipt]]) -> bool:
        """Add what waits to the batch; whether more may come."""
        while len(batch) < MOST_AT_ONCE:
            try:
                found = self._waiting.get_nowait()
            except queue.Empty:
                return True
            if found is None:
                return False
            batch.append(found)
        return True

    def _store(self, opened: GatewayHandle | None, batch: list[tuple[TakenDelivery, Receipt]]) -> GatewayHandle | None:
        """Store a batch; the handle to go on with, none where the store could not be opened."""
        try:
            opened = opened or self._opened()
            receipts = opened.gateway.perform(ReceiveDeliveries(tuple(taken for taken, _ in batch)))
        except Exception as problem:  # whoever sent them is told, and sends them again
            for _, receipt in batch:
                receipt.set_exception(problem)
            return opened
        for (_, receipt), said in zip(batch, receipts, strict=True):
            receipt.set_result(said)
        self._stored()
        return opened
