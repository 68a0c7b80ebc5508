"""A worker tells the gateway that it runs and what its slots work at, and hears whether it is to drain."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError
from onloop.gateway.worker_operations import TellWorker
from onloop.identity.resolution import this_process
from onloop.machine.worker_slots import SlotsTold, SlotWork
from onloop.records import MutableRecord, field

TELL_S = 1.0
"""How often it asks; nothing is written while nothing has changed."""
LONGEST_NAME, LONGEST_HOST = 100, 64
LONGEST_PARTING_S = 5.0
"""How long a worker that ends waits until that is told: a gateway may be away, and sees it by its silence."""


class WorkerPresence(MutableRecord):
    """Tells in a thread of its own, over a gateway handle of its own, so that an agent at work delays nothing.

    What cannot be told is told again a moment later: work goes on without it.
    """

    name: str
    host: str
    role: str
    slots: int
    launcher: str
    begun: int
    """When it was started (ms): in a container, the next worker has the same name, host and process."""
    reopen: Callable[[], GatewayHandle]
    say: Callable[[str], None]
    is_drained: bool = False
    """Whether people asked it to claim nothing more, as it heard last."""
    at_work: dict[int, SlotWork] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def id(self) -> str:
        """What tells it from every other worker, and from the one that was in its place before."""
        return f"{self.name[:LONGEST_NAME]}@{self.host[:LONGEST_HOST]}:{os.getpid()}-{self.begun // 1000:x}"

    def begins(self, seat: int, task: str, now: int) -> None:
        """The slot works at this task from now on."""
        self.at_work = {**self.at_work, seat: SlotWork(seat + 1, task, now)}

    def ends(self, seat: int) -> None:
        """The slot waits for work again."""
        self.at_work = {each: known for each, known in self.at_work.items() if each != seat}

    def __enter__(self) -> WorkerPresence:
        """Begin to tell."""
        self.thread = threading.Thread(target=self._run, name="presence", daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell that it has ended."""
        self.stop.set()
        if self.thread is not None:
            self.thread.join(LONGEST_PARTING_S)

    def _run(self) -> None:
        handle: GatewayHandle | None = None
        while True:
            is_last = self.stop.is_set()
            try:
                handle = handle or self.reopen()
                self._hear(handle.gateway.perform(self._told(gone=is_last)))
            except (OnloopError, OSError):
                _close(handle)
                handle = None
            if is_last:
                break
            self.stop.wait(TELL_S)
        _close(handle)

    def _told(self, *, gone: bool) -> TellWorker:
        told = SlotsTold(tuple(sorted(self.at_work.values(), key=lambda each: each.slot)))
        who = this_process(self.launcher)
        return TellWorker(who, self.id, self.name[:LONGEST_NAME], self.host, self.role, self.slots, told, gone)

    def _hear(self, asked_by: str) -> None:
        if bool(asked_by) is not self.is_drained and not self.stop.is_set():
            self.is_drained = bool(asked_by)
            self.say(f"{asked_by} asks this worker to drain" if asked_by else "this worker is to go on")


def _close(handle: GatewayHandle | None) -> None:
    if handle is not None:
        handle.close()
