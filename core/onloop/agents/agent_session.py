"""One agent at work on one claimed task: its place is prepared, it runs round after round, and the task is given back.

Every path out of `AgentSession.work` releases the task, submits it, or leaves it with whoever decides.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from onloop.access.histories.brought_histories import mirror_for_clone
from onloop.access.opening import GatewayHandle
from onloop.access.setback_kind import is_passing, trouble_in, words_of
from onloop.access.submission import StatementOf, submit_if, task_of, wait_for_gates
from onloop.agents.agent_command import VendorPrograms
from onloop.agents.agent_output import last_words, quoting
from onloop.agents.agent_start import AgentStart, SessionSettings, Started
from onloop.agents.lease_watch import LeaseWatch, RunEnd, is_held
from onloop.agents.limit_messages import not_now
from onloop.agents.places.base_files import base_files
from onloop.agents.places.left_environments import bring_back
from onloop.agents.places.lent_place import LentPlace
from onloop.agents.places.place_pool import LAUNCHER, PlacePool
from onloop.agents.places.place_variables import task_folders
from onloop.agents.told_figures import ToldFigures
from onloop.agents.workplace import prepare_workplace
from onloop.errors import BadInput, Exit, OnloopError, Refused, StoreError, Unavailable
from onloop.gates.intake.manifest import Manifest
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.environment_operations import AttestEnvironment
from onloop.gateway.leases import Heartbeat
from onloop.gateway.message_sending import mark_notes_shown, mark_shown
from onloop.gateway.upkeep import RecogniseAgent
from onloop.identity.resolution import this_process
from onloop.machine.agent_environment import ReportEnvironment
from onloop.machine.commands import Recover, Release, ReleaseCause
from onloop.machine.definition import EnvironmentSpec
from onloop.machine.principal import Principal
from onloop.machine.setbacks import Trouble, pause_ms
from onloop.machine.state import Reason, State
from onloop.machine.task import Submission, Task
from onloop.records import Record, field
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import ReadSubAgents
from onloop.views.sub_agents import SubAgentNews

MOST_NAMED = 10
POLL_S = 0.05
LONGEST_POLL_S = 0.5
"""How seldom an agent among many is looked at: twenty that are looked at often would keep a processor busy."""
ANSWER_S = 3_600.0
MOST_HAND_INS = 9
"""How often the work of an agent is handed in while a trouble lasts: over about four minutes."""

MOST_RELEASES = 6
"""How often a task is given back while the store cannot be written: over about half a minute."""


_GOES_ON = frozenset({ReleaseCause.STOPPED, ReleaseCause.NOT_NOW, ReleaseCause.UNAVAILABLE})
"""The ends after which the next agent goes on with the session: nothing was wrong with it."""


class SessionEnd(Record):
    """How an agent's session ended: what is said when the task is given back (see Release)."""

    cause: ReleaseCause = ReleaseCause.STOPPED
    detail: str = ""
    trouble: Trouble = Trouble.BROKEN
    until: int = 0


class AgentSession(Record):
    """Works on claimed tasks, one after the other, over one gateway handle, and so in one thread.

    `pause` waits some seconds or until stopped; `say` tells the operator; `ensure_verifier` starts a verifier if none
    is running. `reopen` gives another handle, over which history is fetched while this one keeps the lease. `pool` has
    the environments in which agents work, where they work in any.
    """

    opened: GatewayHandle
    settings: SessionSettings
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    ensure_verifier: Callable[[], None]
    reopen: Callable[[], GatewayHandle]
    programs: VendorPrograms = field(default_factory=lambda: VendorPrograms(os.environ))
    pool: PlacePool | None = None
    figures: ToldFigures = field(default_factory=ToldFigures)

    def work(self, task: Task, secret: str) -> SessionEnd:
        """Work on a task under the lease that `secret` proves, until it is submitted, lost or given back.

        What fails around the agent is no fault of it: it costs the task no attempt, and the caller waits a while.
        """
        agent, ending = self.opened.gateway.perform(RecogniseAgent(secret)), SessionEnd()
        place: LentPlace | None = None
        try:
            place = self._prepare(agent, task, secret)
            while self._holds(agent) and not self.stopped():
                ending = self._round(agent, secret, place)
                if ending.cause is not ReleaseCause.STOPPED:
                    break
        except Exception as problem:  # whatever fails, the worker goes on
            ending = SessionEnd()
            if not self.stopped():
                ending = SessionEnd(ReleaseCause.UNAVAILABLE, words_of(problem), trouble_in(problem))
        finally:
            try:
                self._give_back(agent, ending)
            finally:
                if place is not None and self.pool is not None:
                    self.pool.give_back(place, is_over=self._is_over(task))
            self._start().tidy(task)
            if ending.cause not in _GOES_ON:
                self._start().forget(task)
        return ending

    def _is_over(self, task: Task) -> bool:
        """Whether nobody will want its environment again; where the store does not say, so it is."""
        try:
            return task_of(self.opened, task.id).ended
        except OnloopError:
            return True

    def _start(self, place: LentPlace | None = None) -> AgentStart:
        return AgentStart(self.opened, self.settings, self.programs, self.say, place)

    def _prepare(self, agent: Principal, task: Task, secret: str) -> LentPlace | None:
        """Make the workplace, and keep the lease alive meanwhile: a first clone may take longer than a lease.

        The answer is the environment that was made for it, if one is asked for; what it is has been attested.
        """
        failed, made = list[BaseException](), list[LentPlace]()
        asked = self.opened.gateway.perform(ReadDefinition(task.definition)).environment
        mirror = self.opened.mirror(task.origin) if task.origin is not None and not self.opened.home.apart else None

        def make() -> None:
            try:
                source = mirror or self._brought(agent, task, secret, asked)
                bring_back(self.opened.home, task.id)
                prepare_workplace(self.opened.home, task, agent.name, source, asked)
                if self.pool is not None:
                    made.append(self.pool.take(task, base_files(source, task)))
                    made[0].prepare(task_folders(self.opened.home, task.id))
            except BaseException as problem:  # it is raised where the task is given back
                failed.append(problem)

        watch = LeaseWatch.begin(self.opened, agent, self.settings.lease_ms, 0)
        making = threading.Thread(target=make, daemon=True)
        making.start()
        while making.is_alive():
            making.join(POLL_S)
            watch.keep()
        if failed:
            self._give_place_back(made, is_over=True)
            raise failed[0]
        if made:
            self._attest(agent, made[0])
        return made[0] if made else None

    def _attest(self, agent: Principal, place: LentPlace) -> None:
        """Record where the agent works; an environment of which nothing can be said is not used."""
        try:
            report = ReportEnvironment(agent.id, agent.epoch, place.attested())
            told = AttestEnvironment(this_process(LAUNCHER), agent.task or "", report)
            self.opened.gateway.perform(told)
            self.say(f"{agent.task} works in {report.made.kind.value} {report.made.id}: {report.made.isolation.value}")
        except BaseException:
            self._give_place_back([place], is_over=True)
            raise

    def _give_place_back(self, made: Sequence[LentPlace], *, is_over: bool) -> None:
        """Give back an environment that nobody should use again."""
        for place in made:
            place.is_spoilt = True
            if self.pool is not None:
                self.pool.give_back(place, is_over=is_over)

    def _brought(self, agent: Principal, task: Task, secret: str, asked: EnvironmentSpec) -> Mirror | None:
        """The mirror that the clone is made from, with what is lacking fetched over a handle of its own."""
        if task.origin is None:
            return None
        handle = self.reopen()
        try:
            handle.gateway.perform(RecogniseAgent(secret))
            return mirror_for_clone(handle, agent, task, asked, self.say)
        finally:
            handle.close()

    def _round(self, agent: Principal, secret: str, place: LentPlace | None) -> SessionEnd:
        """Run the agent once and submit what it did; STOPPED means that the agent did nothing wrong."""
        task, start = task_of(self.opened, agent.task or ""), self._start(place)
        begun, started = self.opened.gateway.clock(), start.start(task, secret)
        mark_shown(self.opened.gateway, agent, task)
        mark_notes_shown(self.opened.gateway, agent, task, "brief")
        self._recover(agent, task)
        end, code, watch = self._watched(agent, started, place)
        if end is RunEnd.EXITED and code != 0 and started.command.resumes and not started.command.output.works:
            self.say(f"{agent.task} its session of before is gone; a fresh one begins")
            start.forget(task)
            started = start.start(task, secret)
            end, code, watch = self._watched(agent, started, place)
        if end is not RunEnd.STALLED:
            start.remember(task, started, begun)
        if end is RunEnd.EXITED:
            self.say(f"{agent.task} the agent ended with exit code {code}")
            return self._after_exit(agent, code, task.submission, watch, started.running.last)
        if end is RunEnd.STALLED:
            return SessionEnd(ReleaseCause.STALLED, f"no sign of work for {started.silent_ms // 1000} s")
        return SessionEnd(detail="the worker was stopped")

    def _watched(
        self, agent: Principal, started: Started, place: LentPlace | None
    ) -> tuple[RunEnd | None, int, LeaseWatch]:
        """How the agent's run ended (None where the worker was stopped), and its exit code."""
        running, output, source = started.running, started.command.output, started.name or "the agent"
        self.figures.begin(agent, resumes=started.command.resumes)
        try:
            watch = LeaseWatch.begin(self.opened, agent, self.settings.lease_ms, started.silent_ms)
            beaten = watch.beat_at
            while (end := watch.look(running)) is None and not self.stopped():
                self.pause(min(LONGEST_POLL_S, POLL_S * self.settings.beside))
                self.figures.tell(self.opened, agent, output, source)
                if watch.beat_at != beaten:  # at every heartbeat, because the agent may be waiting for its gates
                    beaten = watch.beat_at
                    self._keep_verifier_up()
        finally:
            code = running.end()
            self._forget_sub_agents(agent)
            if place is not None:
                place.settle(has_entered=running.has_entered)
        self.figures.end(self.opened, agent, output, source)
        return end, code, watch

    def _recover(self, agent: Principal, task: Task) -> None:
        """Say that the agent is at work, where people were told of a trouble that kept the task from going on."""
        if task.setback is not None and task.setback.told:
            with suppress(Refused):
                self.opened.gateway.perform(PerformCommand(agent, task.id, Recover(agent.id, agent.epoch)))

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
    ) -> SessionEnd:
        self._keep_verifier_up()
        task = self._wait(agent, watch)
        if not is_held(task, agent):
            self._tell_where(task)
            return SessionEnd()
        if code != 0:
            return self._failed(code, last)
        submitted = task.submission if task.submission != before else None
        try:
            self._hand_in(agent, watch, lambda manifest: _statement(manifest, submitted, last))
        except (Refused, BadInput) as no:
            return SessionEnd(ReleaseCause.RETURNED, f"{no.message}; {no.hint}")
        self._tell_where(self._wait(agent, watch))
        return SessionEnd()

    def _tell_where(self, task: Task) -> None:
        """Say where the task stands now, and what a person would type next where it waits for one."""
        detail = safe(task.detail, 200)
        if task.state is State.INPUT_REQUIRED:
            verb = "approve" if task.reason is Reason.APPROVAL_REQUIRED else "show"
            self.say(f"{task.id} waits for a person, {detail}: onloop {verb} {task.id}")
        else:
            self.say(f"{task.id} {task.state.value}: {detail}")

    def _failed(self, code: int, last: bytes) -> SessionEnd:
        """How an agent ended that failed; one that says *not now* is believed a few times a day."""
        said = not_now(code, last, self.opened.gateway.clock())
        if said is not None:
            return SessionEnd(ReleaseCause.NOT_NOW, said.words, until=said.until)
        return SessionEnd(ReleaseCause.CRASHED, _ending(code, last))

    def _hand_in(self, agent: Principal, watch: LeaseWatch, statement_of: StatementOf) -> None:
        """Submit what the agent did. Its work is done, so a trouble that passes is waited for, for some minutes."""
        for count in range(1, MOST_HAND_INS + 1):
            try:
                submit_if(self.opened, agent, statement_of)
                return
            except OnloopError as problem:
                if not is_passing(problem) or count == MOST_HAND_INS:
                    raise
                self.say(f"{agent.task} cannot be handed in now: {problem.message}")
            self._rest(agent, watch, pause_ms(count))

    def _rest(self, agent: Principal, watch: LeaseWatch, ms: int) -> None:
        """Wait, and keep the lease alive meanwhile."""
        while ms > 0 and self._holds(agent):
            self._pause_unless_stopped(min(ms, 1000) / 1000)
            watch.keep()
            ms -= 1000

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

    def _holds(self, agent: Principal) -> bool:
        return is_held(task_of(self.opened, agent.task or ""), agent)

    def _give_back(self, agent: Principal, ending: SessionEnd) -> None:
        """Release the task if the agent still holds it; a task that is lost or done needs no release.

        Where the store cannot be written now, it is tried a few times: else the lease would run out.
        """
        detail = safe(ending.detail, 500)
        release = Release(agent.id, agent.epoch, ending.cause, detail, ending.trouble, ending.until)
        for count in range(1, MOST_RELEASES + 1):
            try:
                if self._holds(agent):
                    self.opened.gateway.perform(PerformCommand(agent, agent.task or "", release))
                    self.say(f"{agent.task} released: {ending.cause.value} {detail}".rstrip())
                return
            except Refused:
                return
            except (StoreError, Unavailable):
                if count == MOST_RELEASES or self.stopped() or self.opened.home.is_gone:
                    raise
                self.pause(pause_ms(count) / 1000)


def _ending(code: int, last: bytes) -> str:
    """How an agent's command ended, with its last words: the cause, for people and for the next attempt."""
    words = last_words(last)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return quoting(how, words)


def _statement(manifest: Manifest, submitted: Submission | None, last: bytes) -> str | None:
    """The end of what the agent printed in this run. It is kept as the agent's statement, and is not evidence.

    None if the agent has submitted in this run and committed nothing since.
    """
    if submitted is not None and submitted.head == manifest.commit:
        return None
    left = ", ".join(manifest.left[:MOST_NAMED])
    note = f"[onloop: changed but not committed: {left}]\n" if left else ""
    return note + last.decode("utf-8", "replace").strip()
