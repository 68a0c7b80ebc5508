"""Begins what is due by the clock and calls people: in a thread of the verifier, however long others take to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onloop.access.opening import GatewayHandle
from onloop.calls.call_keeper import CallKeeper
from onloop.errors import OnloopError
from onloop.schedules.schedule_keeper import ScheduleKeeper
from onloop.text import safe

LOOK_S = 1.0
"""How often is asked whether anything is due, in seconds."""


class OutwardKeeper:
    """Looks after schedules and calls of one store as `who`, over a handle of its own; `say` tells the operator."""

    def __init__(self, opened: Callable[[], GatewayHandle], who: str, say: Callable[[str], None]) -> None:
        self._opened, self._who, self._say = opened, who, say
        self._ended = threading.Event()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Do so during the block: calls do not wait for what begins, nor the other way round."""
        kinds = (ScheduleKeeper, CallKeeper)
        threads = [threading.Thread(target=self._keep, args=(kind,), name="outward", daemon=True) for kind in kinds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join(timeout=5 * LOOK_S)  # whoever comes next goes on with what is under way, and once

    def _keep(self, kind: type[ScheduleKeeper] | type[CallKeeper]) -> None:
        opened: GatewayHandle | None = None
        told = ""
        while not self._ended.wait(LOOK_S):
            try:
                opened = opened or self._opened()
                kind(opened, self._who, self._say).keep()
                told = ""
            except OnloopError as problem:  # a full disk, a gateway that starts anew: it is tried again
                if problem.message != told:
                    self._say(safe(f"what is due waits: {problem.message}", 500))
                told = problem.message
        if opened is not None:
            opened.close()
