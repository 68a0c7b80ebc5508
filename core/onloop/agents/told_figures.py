"""What a worker passes on of what its agent's output says: how full its context is, and what it used under a lease."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from onloop.access.opening import GatewayHandle
from onloop.agents.agent_output import AgentOutput
from onloop.errors import OnloopError
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import ReportContext, ReportUsage
from onloop.machine.principal import Principal
from onloop.machine.usage import Usage, total
from onloop.records import values_of

CONTEXT_STEP = 5
"""By how many per cent an agent's context must change to be recorded again."""
LEAST_PAUSE_MS = 5_000
"""How long is waited at least before what is used is told again, while a run lasts."""
MOST_SESSIONS = 64


@dataclass(slots=True)
class ToldFigures:
    """Tells of agents that run one after the other under leases of one thread."""

    _percent: int = 0
    _lease: tuple[str, int] = ("", 0)
    _before: Usage = field(default_factory=Usage)
    """What earlier runs under this lease used."""
    _said: Usage = field(default_factory=Usage)
    _said_at: int = 0
    _start: Usage | None = None
    """What the session had used when this run began; None where that is not known yet."""
    _sessions: dict[str, Usage] = field(default_factory=dict)

    def begin(self, agent: Principal, *, resumes: bool) -> None:
        """A run begins, of a fresh session, or of one that goes on."""
        self._percent = 0
        if self._lease != (agent.task or "", agent.epoch):
            self._lease, self._before, self._said = (agent.task or "", agent.epoch), Usage(), Usage()
            self._said_at = 0
        self._start = None if resumes else Usage()

    def tell(self, opened: GatewayHandle, agent: Principal, output: AgentOutput, source: str) -> None:
        """Pass on what is new, while the run lasts."""
        self._tell_context(opened, agent, output)
        if opened.gateway.clock() - self._said_at >= LEAST_PAUSE_MS:
            self._tell_usage(opened, agent, output, source)

    def end(self, opened: GatewayHandle, agent: Principal, output: AgentOutput, source: str) -> None:
        """Pass on what is new at the end of a run; what it used is known under its lease from now on."""
        self._tell_context(opened, agent, output)
        self._tell_usage(opened, agent, output, source)
        self._before = total((self._before, self._of_run(output)))
        if output.session and output.meter.session.is_told:
            self._sessions[output.session] = output.meter.session
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))

    def _tell_context(self, opened: GatewayHandle, agent: Principal, output: AgentOutput) -> None:
        """Record how full the agent's context is, as its vendor says, in steps."""
        percent = output.percent
        if percent is None or abs(percent - self._percent) < CONTEXT_STEP:
            return
        self._percent = percent
        with suppress(OnloopError):  # its lease has ended, and with it what was known of its context
            told = ReportContext(agent.id, agent.epoch, percent)
            opened.gateway.perform(PerformCommand(agent, agent.task or "", told))

    def _tell_usage(self, opened: GatewayHandle, agent: Principal, output: AgentOutput, source: str) -> None:
        used = total((self._before, self._of_run(output)))
        if used == self._said or not used.is_told:
            return
        self._said, self._said_at = used, opened.gateway.clock()
        with suppress(OnloopError):  # somebody else has the task by now, or the store cannot be written
            told = ReportUsage(agent.id, agent.epoch, source, used, output.meter.model)
            opened.gateway.perform(PerformCommand(agent, agent.task or "", told))

    def _of_run(self, output: AgentOutput) -> Usage:
        """What this run used: where its vendor says that of the session alone, what is more than before the run.

        Of a session from elsewhere it is not known what it had used; then what was said first counts as before.
        """
        session = output.meter.session
        if not session.is_told:
            return output.meter.run
        if self._start is None:
            self._start = self._sessions.get(output.session, session)
        return total((output.meter.run, _beyond(session, self._start)))


def _beyond(now: Usage, before: Usage) -> Usage:
    pairs = zip(values_of(now), values_of(before), strict=True)
    return Usage(*(None if more is None else max(0, more - (less or 0)) for more, less in pairs))
