"""The one door as its callers see it: the gateway over the file, or a client of a resident one; they cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from onloop.errors import Ground
from onloop.gateway.claims import ClaimGranted
from onloop.gateway.service import DEFAULT_LEASE_MS
from onloop.machine.commands import Command, Create
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Task
from onloop.store.port import Store
from onloop.store.rows import Job, PinnedWorkflow
from onloop.views.sub_agents import SubAgentNews


class GatewayPort(Protocol):
    """See Gateway, method by method."""

    @property
    def store(self) -> Store:
        """What is read with."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Now, in ms."""
        ...

    def perform(self, principal: Principal, task_id: str, command: Command, *, key: str = "") -> Task:
        """See Gateway.perform."""
        ...

    def create(
        self, principal: Principal, creations: Sequence[tuple[str, Create]], pinned: PinnedWorkflow, *, key: str = ""
    ) -> Task:
        """See Gateway.create."""
        ...

    def claim(
        self,
        principal: Principal,
        agent: str,
        role: str,
        *,
        task: str | None = None,
        lease_ms: int = DEFAULT_LEASE_MS,
        key: str = "",
    ) -> ClaimGranted:
        """See Gateway.claim."""
        ...

    def heartbeat(
        self,
        principal: Principal,
        *,
        lease_ms: int = DEFAULT_LEASE_MS,
        progress: bool = False,
        news: Sequence[SubAgentNews] = (),
    ) -> int:
        """See Gateway.heartbeat."""
        ...

    def tick(self) -> int:
        """See Gateway.tick."""
        ...

    def record_house(self, principal: Principal, event: StoreEvent, *, key: str = "") -> None:
        """See Gateway.record_house."""
        ...

    def take_job(self, verifier: Principal, lease_ms: int, *, effects: bool, busy: tuple[str, ...] = ()) -> Job | None:
        """See Gateway.take_job."""
        ...

    def put_back(self, job: Job) -> None:
        """See Gateway.put_back."""
        ...

    def free_jobs(self) -> None:
        """See Gateway.free_jobs."""
        ...

    def keep(self, content: bytes) -> str:
        """See Gateway.keep."""
        ...

    def keep_for(self, agent: Principal, content: bytes) -> str:
        """See Gateway.keep_for."""
        ...

    def agent(self, secret: str) -> Principal:
        """See Gateway.agent."""
        ...

    def deny(self, who: Principal, verb: str, subject: str = "", ground: Ground = Ground.KIND) -> None:
        """See Gateway.deny."""
        ...

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """See Gateway.person."""
        ...
