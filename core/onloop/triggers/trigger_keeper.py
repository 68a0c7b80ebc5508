"""What a gateway that takes webhooks does beside its door: it stores them, and carries out what waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError
from onloop.home import Home
from onloop.triggers.delivery_intake import DeliveryIntake
from onloop.triggers.delivery_operations import ForgetDeliveries, ReadDeliveries
from onloop.triggers.delivery_processing import Freshen, not_freshened, process_waiting

TICK_S = 1.0
"""How often what waits is looked for when nothing came in: what was put off, or another gateway took."""
SWEEP_S = 300.0
REPEATED_S = 60.0
STOP_S = 3.0


class TriggerKeeper:
    """Carries out webhooks on a thread of its own, from `start` to `stop`. `say` hears of troubles."""

    def __init__(
        self,
        home: Home,
        opened: Callable[[], GatewayHandle],
        say: Callable[[str], None],
        freshen: Freshen = not_freshened,
    ) -> None:
        """`opened` opens the store of the home for a thread."""
        self._home, self._open, self._say, self._freshen = home, opened, say, freshen
        self._news, self._ends = threading.Event(), threading.Event()
        self.intake = DeliveryIntake(self._open, self._news.set)
        self._thread = threading.Thread(target=self._run, name="triggers", daemon=True)
        self._complaint, self._complained_at, self._swept_at = "", 0.0, 0.0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Store and carry out, in the block; what was not carried out at its end waits for the next gateway."""
        self.start()
        try:
            yield
        finally:
            self.stop(STOP_S)

    def start(self) -> None:
        """Begin to store and to carry out."""
        self.intake.start()
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Store what came in, finish what is being carried out, and end; the rest waits in the store."""
        self.intake.stop(within_s)
        self._ends.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        opened: GatewayHandle | None = None
        try:
            while not self._ends.is_set():
                self._news.wait(TICK_S)
                self._news.clear()
                opened = self._turn(opened)
        finally:
            if opened is not None:
                opened.close()

    def _turn(self, opened: GatewayHandle | None) -> GatewayHandle | None:
        """Carry out what waits; the handle to go on with, none where it is to be opened anew."""
        try:
            found = opened or self._open()
            while not self._ends.is_set() and process_waiting(found, self._freshen):
                continue
            if time.monotonic() - self._swept_at > SWEEP_S:
                self._swept_at = time.monotonic()
                if found.gateway.perform(ReadDeliveries(1)):
                    found.gateway.perform(ForgetDeliveries())
            return found
        except Exception as problem:  # what is carried out goes on, whatever one webhook does
            if not self._home.is_gone and not self._ends.is_set():
                self._complain(problem)
            return opened

    def _complain(self, problem: Exception) -> None:
        words = problem.message if isinstance(problem, OnloopError) else repr(problem)
        now = time.monotonic()
        if words != self._complaint or now - self._complained_at > REPEATED_S:
            self._complaint, self._complained_at = words, now
            self._say(f"trouble: webhooks: {words}"[:300])
