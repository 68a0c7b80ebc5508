"""A worker: claims a task, makes its environment, runs an agent on it, and gives it back on every path out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from onloop.access.opening import GatewayHandle
from onloop.access.submission import submit_if, task_of, wait_for_gates
from onloop.agents.agent_process import AgentProcess
from onloop.agents.lease_watch import LeaseWatch, RunEnd, is_held
from onloop.agents.workplace import agent_environment, prepare_workplace, written
from onloop.errors import BadInput, Exit, OnloopError, Refused
from onloop.gates.intake.manifest import Manifest
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.message_sending import mark_shown
from onloop.gateway.upkeep import RecogniseAgent
from onloop.identity.resolution import this_process
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.principal import Principal
from onloop.machine.task import Submission, Task
from onloop.records import Record
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import ReadStepBrief, ReadSubAgents
from onloop.views.sub_agents import SubAgentNews

MOST_NAMED = 10
POLL_S = 0.05
ANSWER_S = 3_600.0


class WorkerSettings(Record):
    """A worker's agent name, role and command; times in ms. With `stall_ms` 0, no agent counts as stalled."""

    name: str
    role: str
    argv: tuple[str, ...]
    lease_ms: int = 60_000
    stall_ms: int = 0


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
            self._work(claimed.task, claimed.secret)
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

    def _work(self, task: Task, secret: str) -> None:
        agent = self.opened.gateway.perform(RecogniseAgent(secret))
        cause, detail = ReleaseCause.STOPPED, ""
        try:
            asked = self.opened.gateway.perform(ReadDefinition(task.definition)).environment
            prepare_workplace(self.opened.home, task, agent.name, asked)
            while self._holds(agent) and not self.stopped():
                cause, detail = self._round(agent, secret)
                if cause is not ReleaseCause.STOPPED:
                    break
        except Exception as problem:  # a task that fails in any way uses up its attempt, and the worker goes on
            cause = ReleaseCause.STOPPED if self.stopped() else ReleaseCause.CRASHED
            detail = problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"
        finally:
            self._give_back(agent, cause, detail)

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
        with written(brief):
            brief.write_text(self._brief(task), encoding="utf-8")
        environment = agent_environment(os.environ, home, task, secret)
        return AgentProcess.start(
            self.settings.argv,
            brief=brief,
            folder=home.environment(task.id),
            environment=environment,
            log=home.agent_log(task.id),
            record=home.logs / f"{task.id}.pid",
        )

    def _brief(self, task: Task) -> str:
        return self.opened.gateway.perform(ReadStepBrief(task.id, task.step or "")).text

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


def command_words(argv: Sequence[str]) -> tuple[str, ...]:
    """The agent's command, without the `--` that separates it."""
    return tuple(argv[1:] if tuple(argv[:1]) == ("--",) else argv)
