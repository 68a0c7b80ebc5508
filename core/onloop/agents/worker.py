"""A worker: claims tasks and gives each to an agent's session, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onloop.access.opening import GatewayHandle
from onloop.agents.agent_session import POLL_S, AgentSession, SessionSettings
from onloop.errors import Exit, Refused
from onloop.gateway.claims import ClaimTask
from onloop.identity.resolution import this_process
from onloop.records import Record


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
            self.say(f"{claimed.task.id} claimed: {claimed.task.repo or claimed.task.title}, {claimed.task.step}")
            self._session().work(claimed.task, claimed.secret)
            if once:
                return Exit.OK
        return Exit.OK

    def _idle(self) -> None:
        """Wait until the store changes, at most one second, because time alone can make a task ready."""
        store, waited = self.opened.gateway.store, 0.0
        stamp = store.stamp()
        while waited < 1.0 and not self.stopped() and store.stamp() == stamp:
            self.pause(POLL_S)
            waited += POLL_S

    def _session(self) -> AgentSession:
        return AgentSession(
            self.opened, self.settings.session, self.stopped, self.pause, self.say, self.ensure_verifier
        )


def command_words(argv: Sequence[str]) -> tuple[str, ...]:
    """The agent's command, without the `--` that separates it."""
    return tuple(argv[1:] if tuple(argv[:1]) == ("--",) else argv)
