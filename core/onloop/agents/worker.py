"""A worker: claims tasks and gives each to an agent's session, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onloop.access.opening import GatewayHandle
from onloop.agents.agent_session import POLL_S, AgentSession, SessionSettings
from onloop.agents.lease_watch import ASLEEP_MS
from onloop.errors import Exit, Refused, StoreError, Unavailable
from onloop.gateway.claims import ClaimTask
from onloop.identity.resolution import this_process
from onloop.machine.causes import ReleaseCause
from onloop.machine.setbacks import pause_ms
from onloop.records import Record

WAKING_S = 5.0
"""How long a worker that was asleep waits before it asks for work: a heartbeat comes within a second of waking."""


class WorkerSettings(Record):
    """A worker's agent name, role and command; times in ms. With `stall_ms` 0, no agent counts as stalled.

    `agent_env` names variables of the worker that its agents get.
    """

    name: str
    role: str
    argv: tuple[str, ...]
    lease_ms: int = 60_000
    stall_ms: int = 0
    agent_env: tuple[str, ...] = ()

    @property
    def session(self) -> SessionSettings:
        """What of them each of its agents' sessions needs."""
        return SessionSettings(self.argv, self.lease_ms, self.stall_ms, self.agent_env)


class Worker(Record):
    """Runs agents on tasks, one at a time. `pause` waits some seconds or until stopped; `say` tells the operator.

    `ensure_verifier` starts a verifier if none is running.
    """

    opened: GatewayHandle
    settings: WorkerSettings
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    ensure_verifier: Callable[[], None]

    def run(self, *, once: bool = False) -> Exit:
        """Work until stopped, or with `once`, on at most one task."""
        troubles = 0
        while not self.stopped():
            try:
                claimed = self.opened.gateway.perform(
                    ClaimTask(
                        this_process("work"),
                        f"agent:{self.settings.name}",
                        self.settings.role,
                        lease_ms=self.settings.lease_ms,
                    )
                )
            except Refused as no:
                if once:
                    self.say(no.message)
                    return no.exit
                self._idle()
                continue
            except (StoreError, Unavailable) as problem:
                if once or not self.opened.home.store.is_dir():
                    raise
                troubles += 1
                self.say(problem.message)
                self._rest(troubles)
                continue
            self.say(f"{claimed.task.id} claimed: {claimed.task.repo or claimed.task.title}, {claimed.task.step}")
            ending = self._session().work(claimed.task, claimed.secret)
            if once:
                return Exit.OK
            troubles = troubles + 1 if ending.cause is ReleaseCause.UNAVAILABLE else 0
            self._rest(troubles)
        return Exit.OK

    def _rest(self, troubles: int) -> None:
        """Wait longer after each trouble in a row: what keeps one task from going on mostly meets the next as well."""
        if troubles and not self.stopped():
            self.pause(pause_ms(troubles) / 1000)

    def _idle(self) -> None:
        """Wait until the store changes, at most one second, because time alone can make a task ready.

        Where that took far longer, the machine was asleep: who holds a task is let come back first.
        """
        store, waited, began = self.opened.gateway.store, 0.0, self.opened.gateway.clock()
        stamp = store.stamp()
        while waited < 1.0 and not self.stopped() and store.stamp() == stamp:
            self.pause(POLL_S)
            waited += POLL_S
        if self.opened.gateway.clock() - began > ASLEEP_MS and not self.stopped():
            self.pause(WAKING_S)

    def _session(self) -> AgentSession:
        return AgentSession(
            self.opened, self.settings.session, self.stopped, self.pause, self.say, self.ensure_verifier
        )


def command_words(argv: Sequence[str]) -> tuple[str, ...]:
    """The agent's command, without the `--` that separates it."""
    return tuple(argv[1:] if tuple(argv[:1]) == ("--",) else argv)
