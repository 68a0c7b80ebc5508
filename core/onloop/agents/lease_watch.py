"""Watching a running agent: renews its lease, and notices when it does nothing or has lost its lease."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from onloop.access.opening import GatewayHandle
from onloop.access.submission import task_of
from onloop.agents.agent_process import AgentProcess
from onloop.errors import Refused, StoreError, Unavailable
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import FireTimers
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.machine.task import Task

ASLEEP_MS = 10_000
"""A look that comes so long after the one before shows that this process did not run, in ms."""

FAREWELL_MS = 5_000
"""How long an agent may go on after its lease has ended (because it asked a question, say), in ms."""


class RunEnd(Enum):
    """How a run of an agent's command ended."""

    EXITED = auto()
    STALLED = auto()
    LOST = auto()
    STOPPED = auto()


@dataclass(slots=True)
class LeaseWatch:
    """Watches one run of an agent; all times in ms. With `stall_ms` 0, silence does not matter."""

    opened: GatewayHandle
    agent: Principal
    lease_ms: int
    stall_ms: int
    stamp: int
    beat_at: int
    progress_at: int
    printed: int = 0
    lost_at: int = 0
    looked_at: int = 0

    @classmethod
    def begin(cls, opened: GatewayHandle, agent: Principal, lease_ms: int, stall_ms: int) -> LeaseWatch:
        """Start watching now."""
        now = opened.gateway.clock()
        return cls(opened, agent, lease_ms, stall_ms, opened.gateway.store.stamp(), now, now)

    def look(self, running: AgentProcess) -> RunEnd | None:
        """How the run has ended or must end now; None while all is well."""
        if running.exit_code is not None:
            return RunEnd.EXITED
        now = self.opened.gateway.clock()
        self._leave_out_sleep(now)
        if running.printed != self.printed:
            self.printed, self.progress_at = running.printed, now
        self._renew(now)
        if self.lost_at:
            return RunEnd.LOST if now - self.lost_at > FAREWELL_MS else None
        if self.stall_ms and now - self.progress_at > self.stall_ms and not self._is_verified():
            return RunEnd.STALLED
        return None

    def _leave_out_sleep(self, now: int) -> None:
        """Count no silence for the time in which the machine, or this process, did not run."""
        if self.looked_at and now - self.looked_at > ASLEEP_MS:
            self.progress_at += now - self.looked_at
        self.looked_at = now

    def keep(self) -> None:
        """Renew the lease if a third of it is over; a lost lease is ignored."""
        now = self.opened.gateway.clock()
        if now - self.beat_at >= self.lease_ms // 3:
            self.beat_at = now
            self.beat()

    def beat(self) -> None:
        """Renew the lease and fire due timers; a lost lease is ignored."""
        self._renewed(progress=False)

    def _renew(self, now: int) -> None:
        """Send a heartbeat every third of the lease; if the store has changed, check that the agent holds the task."""
        stamp = self.opened.gateway.store.stamp()
        if now - self.beat_at >= self.lease_ms // 3:
            held = self._renewed(progress=self.progress_at > self.beat_at)
            self.beat_at = now
        elif stamp != self.stamp:
            held = is_held(task_of(self.opened, self.agent.task or ""), self.agent)
        else:
            return
        self.stamp = stamp
        self.lost_at = 0 if held else self.lost_at or now

    def _renewed(self, *, progress: bool) -> bool:
        try:
            self.opened.gateway.perform(Heartbeat(self.agent, lease_ms=self.lease_ms, progress=progress))
            self.opened.gateway.perform(FireTimers())
        except Refused:
            return False
        except (StoreError, Unavailable):  # a full disk, a gateway that starts anew: the next heartbeat tells
            if self.opened.home.is_gone:
                raise
            return True
        return is_held(task_of(self.opened, self.agent.task or ""), self.agent)

    def _is_verified(self) -> bool:
        """Whether its gates are running: an agent that waits for its gates is not stalled."""
        return task_of(self.opened, self.agent.task or "").is_verifying


def is_held(task: Task, agent: Principal) -> bool:
    """Whether the agent holds the task under its own epoch."""
    return task.state is State.WORKING and task.holder == agent.id and task.epoch == agent.epoch
