"""Keeps a verifier's leases on its jobs alive while it works on them: in a thread of its own, whatever else it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError
from onloop.gateway.jobs import RenewJobs
from onloop.machine.principal import Principal

JOB_LEASE_MS = 60_000
"""How long a job stays a verifier's that is not heard of: its host may be gone."""

_RENEWALS = 6
"""How often a lease is renewed within its time."""


class JobLeases:
    """The jobs that one verifier has under way. Threads may share it."""

    def __init__(self, opened: Callable[[], GatewayHandle], principal: Principal, lease_ms: int = JOB_LEASE_MS) -> None:
        self._opened, self._principal, self.lease_ms = opened, principal, lease_ms
        self._held = set[str]()
        self._turn = threading.Lock()
        self._ended = threading.Event()

    def hold(self, job: str) -> None:
        """The verifier has taken a job."""
        with self._turn:
            self._held.add(job)

    def let_go(self, job: str) -> None:
        """It has done with it."""
        with self._turn:
            self._held.discard(job)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew them during the block."""
        thread = threading.Thread(target=self._renew, name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _renew(self) -> None:
        opened: GatewayHandle | None = None
        while not self._ended.wait(self.lease_ms / 1000 / _RENEWALS):
            with self._turn:
                held = tuple(sorted(self._held))
            if held:
                with suppress(OnloopError):  # what is not renewed runs out; then it is somebody else's
                    opened = opened or self._opened()
                    opened.gateway.perform(RenewJobs(self._principal, self.lease_ms, held))
        if opened is not None:
            opened.close()
