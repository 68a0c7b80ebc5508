"""One agent at work on one claimed task: its place is prepared, it runs round after round, and the task is given back.

Every path out of `AgentSession.work` releases the task, submits it, or leaves it with whoever decides.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress

from onloop.access.opening import GatewayHandle
from onloop.access.submission import submit_if, task_of, wait_for_gates
from onloop.agents.agent_process import AgentProcess
from onloop.agents.lease_watch import LeaseWatch, RunEnd, is_held
from onloop.agents.workplace import agent_environment, prepare_workplace, written
from onloop.errors import BadInput, Exit, OnloopError, Refused
from onloop.gates.intake.manifest import Manifest
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.message_sending import mark_shown
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.principal import Principal
from onloop.machine.task import Submission, Task
from onloop.records import Record
from onloop.text import safe
from onloop.views.queries.agent_reads import ReadStepBrief, ReadSubAgents
from onloop.views.sub_agents import SubAgentNews

MOST_NAMED = 10
POLL_S = 0.05
ANSWER_S = 3_600.0


class SessionSettings(Record):
    """The command of an agent, and how long its lease lasts and it may be silent, in ms (`stall_ms` 0: for ever).

    `agent_env` names variables of the worker that the agent gets beside the usual ones and those of its workflow.
    """

    argv: tuple[str, ...]
    lease_ms: int = 60_000
    stall_ms: int = 0
    agent_env: tuple[str, ...] = ()


class AgentSession(Record):
    """Works on claimed tasks, one after the other, over one gateway handle, and so in one thread.

    `pause` waits some seconds or until stopped; `say` tells the operator; `ensure_verifier` starts a verifier if none
    is running.
    """

    opened: GatewayHandle
    settings: SessionSettings
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    ensure_verifier: Callable[[], None]

    def work(self, task: Task, secret: str) -> None:
        """Work on a task under the lease that `secret` proves, until it is submitted, lost or given back."""
        agent = self.opened.gateway.perform(RecogniseAgent(secret))
        cause, detail = ReleaseCause.STOPPED, ""
        try:
            self._prepare(agent, task)
            while self._holds(agent) and not self.stopped():
                cause, detail = self._round(agent, secret)
                if cause is not ReleaseCause.STOPPED:
                    break
        except Exception as problem:  # a task that fails in any way uses up its attempt, and the worker goes on
            cause = ReleaseCause.STOPPED if self.stopped() else ReleaseCause.CRASHED
            detail = problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"
        finally:
            self._give_back(agent, cause, detail)

    def _prepare(self, agent: Principal, task: Task) -> None:
        """Make the workplace, and keep the lease alive meanwhile: a first clone may take longer than a lease."""
        failed: list[BaseException] = []

        mirror = None if task.origin is None else self.opened.mirror(task.origin)

        def make() -> None:
            try:
                prepare_workplace(self.opened.home, task, agent.name, mirror)
            except BaseException as problem:  # it is raised where the task is given back
                failed.append(problem)

        watch = LeaseWatch.begin(self.opened, agent, self.settings.lease_ms, 0)
        making = threading.Thread(target=make, daemon=True)
        making.start()
        while making.is_alive():
            making.join(POLL_S)
            watch.keep()
        if failed:
            raise failed[0]

    def _round(self, agent: Principal, secret: str) -> tuple[ReleaseCause, str]:
        """Run the agent once and submit what it did; STOPPED means that the agent did nothing wrong."""
        task = task_of(self.opened, agent.task or "")
        before = task.submission
        running = self._start(task, secret)
        mark_shown(self.opened.gateway, agent, task)
        try:
            watch = LeaseWatch.begin(self.opened, agent, self.settings.lease_ms, self.settings.stall_ms)
            beaten = watch.beat_at
            while (end := watch.look(running)) is None and not self.stopped():
                self.pause(POLL_S)
                if watch.beat_at != beaten:  # at every heartbeat, because the agent may be waiting for its gates
                    beaten = watch.beat_at
                    self._keep_verifier_up()
        finally:
            code = running.end()
            self._forget_sub_agents(agent)
        if end is RunEnd.EXITED:
            self.say(f"{agent.task} the agent ended with exit code {code}")
            return self._after_exit(agent, code, before, watch, running.last)
        if end is RunEnd.STALLED:
            return ReleaseCause.STALLED, f"no sign of work for {self.settings.stall_ms // 1000} s"
        return ReleaseCause.STOPPED, "the worker was stopped"

    def _keep_verifier_up(self) -> None:
        """Start a verifier if none is running. A stopping worker starts none: the same person may have ended it."""
        if not self.stopped():
            self.ensure_verifier()

    def _forget_sub_agents(self, agent: Principal) -> None:
        """Record that the agent's sub-agents have ended, because they ran in its process and that has ended."""
        rows = self.opened.gateway.perform(ReadSubAgents(agent.task or ""))
        news = [SubAgentNews(row.name, ended=True) for row in rows if row.epoch == agent.epoch]
        if news:
            with suppress(OnloopError):  # without a lease there is nothing to record: its end removes them, too
                self.opened.gateway.perform(Heartbeat(agent, lease_ms=self.settings.lease_ms, news=news))

    def _after_exit(
        self, agent: Principal, code: int, before: Submission | None, watch: LeaseWatch, last: bytes
    ) -> tuple[ReleaseCause, str]:
        self._keep_verifier_up()
        task = self._wait(agent, watch)
        if not is_held(task, agent):
            return ReleaseCause.STOPPED, ""
        if code != 0:
            return ReleaseCause.CRASHED, f"signal {-code}" if code < 0 else f"exit code {code}"
        submitted = task.submission if task.submission != before else None
        try:
            submit_if(self.opened, agent, lambda manifest: _statement(manifest, submitted, last))
        except (Refused, BadInput) as no:
            return ReleaseCause.RETURNED, f"{no.message}; {no.hint}"
        task = self._wait(agent, watch)
        self.say(f"{task.id} {task.state.value}: {task.detail}")
        return ReleaseCause.STOPPED, ""

    def _wait(self, agent: Principal, watch: LeaseWatch) -> Task:
        return wait_for_gates(
            self.opened,
            agent.task or "",
            timeout_s=ANSWER_S,
            pause=self._pause_unless_stopped,
            beat=lambda: self._beat(watch),
        )

    def _beat(self, watch: LeaseWatch) -> None:
        """Renew the lease and keep a verifier running: if it was killed, nobody else notices."""
        watch.beat()
        self._keep_verifier_up()

    def _pause_unless_stopped(self, seconds: float) -> None:
        if self.stopped():
            raise Refused("the worker was stopped", exit=Exit.UNAVAILABLE, hint="start it again: onloop work …")
        self.pause(seconds)

    def _start(self, task: Task, secret: str) -> AgentProcess:
        home = self.opened.home
        brief = home.logs / f"{task.id}.brief.md"
        asked = self.opened.gateway.perform(ReadStepBrief(task.id, task.step or ""))
        with written(brief):
            brief.write_text(asked.text, encoding="utf-8")
        named = (*self.settings.agent_env, *asked.agent_env)
        environment = agent_environment(os.environ, home, task, secret, named)
        return AgentProcess.start(
            self.settings.argv,
            brief=brief,
            folder=home.environment(task.id),
            environment=environment,
            log=home.agent_log(task.id),
            record=home.logs / f"{task.id}.pid",
        )

    def _holds(self, agent: Principal) -> bool:
        return is_held(task_of(self.opened, agent.task or ""), agent)

    def _give_back(self, agent: Principal, cause: ReleaseCause, detail: str) -> None:
        """Release the task if the agent still holds it; a task that is lost or done needs no release."""
        if not self._holds(agent):
            return
        detail = safe(detail, 500)
        try:
            self.opened.gateway.perform(
                PerformCommand(agent, agent.task or "", Release(agent.id, agent.epoch, cause, detail))
            )
        except Refused:
            return
        self.say(f"{agent.task} released: {cause.value} {detail}".rstrip())


def _statement(manifest: Manifest, submitted: Submission | None, last: bytes) -> str | None:
    """The end of what the agent printed in this run. It is kept as the agent's statement, and is not evidence.

    None if the agent has submitted in this run and committed nothing since.
    """
    if submitted is not None and submitted.head == manifest.commit:
        return None
    left = ", ".join(manifest.left[:MOST_NAMED])
    note = f"[onloop: changed but not committed: {left}]\n" if left else ""
    return note + last.decode("utf-8", "replace").strip()
