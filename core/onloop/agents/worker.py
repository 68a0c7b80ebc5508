"""A worker: claims tasks and gives each to an agent's session, until it is told to stop."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from onloop.access.opening import GatewayHandle, open_home
from onloop.agents.agent_command import VendorPrograms
from onloop.agents.agent_session import POLL_S, AgentSession, SessionEnd
from onloop.agents.agent_start import SessionSettings
from onloop.agents.demand import CrewSize, agents_wanted, claims_for
from onloop.agents.lease_watch import ASLEEP_MS
from onloop.agents.places.environment_settings import EnvironmentSettings
from onloop.agents.places.place_pool import LAUNCHER, PlacePool
from onloop.agents.worker_presence import WorkerPresence
from onloop.errors import Exit, Refused, StoreError, Unavailable
from onloop.gateway.claims import ClaimFilter, ClaimGranted, ClaimTask
from onloop.identity.resolution import this_process
from onloop.machine.causes import ReleaseCause
from onloop.machine.setbacks import pause_ms
from onloop.records import Record, field
from onloop.views.queries.agent_reads import ReadWaiting

LONGEST_IDLE_S = 1.0

WAKING_S = 5.0
"""How long a worker that was asleep waits before it asks for work: a heartbeat comes within a second of waking."""


class WorkerSettings(Record):
    """A worker's agent name, role and command; times in ms. With `stall_ms` 0, no agent counts as stalled.

    `agent_env` names variables of the worker that its agents get. Instead of the command `argv` it may run the agent
    called `agent`, with `flags` added. Without a role it claims for every role. `among` says which tasks it takes,
    `crew` how many agents work at once, and `url` where they find the gateway, if not where the worker does. `places`
    says in what they work. With `acp` the command speaks ACP, and need not ask about calls of the kinds in `permit`.
    """

    name: str
    role: str
    argv: tuple[str, ...] = ()
    lease_ms: int = 60_000
    stall_ms: int = 0
    agent_env: tuple[str, ...] = ()
    agent: str = ""
    flags: tuple[str, ...] = ()
    among: ClaimFilter = ClaimFilter()
    crew: CrewSize = CrewSize()
    url: str = ""
    places: EnvironmentSettings = EnvironmentSettings()
    acp: bool = False
    permit: tuple[str, ...] = ()

    @property
    def session(self) -> SessionSettings:
        """What of them each of its agents' sessions needs."""
        return SessionSettings(
            self.argv,
            self.lease_ms,
            self.stall_ms,
            self.agent_env,
            self.agent,
            self.flags,
            self.crew.most,
            self.url,
            self.acp,
            self.permit,
        )


def _never() -> bool:
    return False


class Worker(Record):
    """Runs agents on tasks. `pause` waits some seconds or until stopped; `say` tells the operator.

    Once it is `drained`, it claims nothing more, and ends when the agents that are at work have ended.

    `ensure_verifier` starts a verifier if none is running. A worker of several agents runs each in a thread, over a
    gateway handle of its own, which `reopen` gives.
    """

    opened: GatewayHandle
    settings: WorkerSettings
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    ensure_verifier: Callable[[], None]
    reopen: Callable[[], GatewayHandle] | None = None
    programs: VendorPrograms = field(default_factory=lambda: VendorPrograms(os.environ))
    pool: PlacePool | None = None
    drained: Callable[[], bool] = _never
    presence: WorkerPresence | None = None
    """Tells the gateway what its slots do, and hears whether it is to drain."""
    _at_work: dict[threading.Thread, int] = field(default_factory=dict)
    _spare: deque[GatewayHandle] = field(default_factory=deque)
    _endings: deque[SessionEnd] = field(default_factory=deque)
    _troubles: list[bool] = field(default_factory=list)

    def run(self, *, once: bool = False) -> Exit:
        """Work until stopped; with `once`, on at most one task, or, of several agents, until nothing waits."""
        with self.presence or nullcontext():
            return self._run(once=once)

    @property
    def _is_drained(self) -> bool:
        return self.drained() or (self.presence is not None and self.presence.is_drained)

    def _run(self, *, once: bool) -> Exit:
        try:
            while not self.stopped():
                self._reap()
                ended = self._drain() if self._is_drained else self._turn(once=once)
                if ended is not None:
                    return ended
            return Exit.OK
        finally:
            for thread in self._at_work:
                thread.join()
            while self._spare:
                self._spare.pop().close()
            if self.pool is not None:
                self.pool.close()

    def _drain(self) -> Exit | None:
        """Wait for the agents that are at work; the exit code once there is none."""
        if not self._at_work:
            self.say("drained: no agent is at work any more")
            return Exit.OK
        self._idle()
        return None

    def _turn(self, *, once: bool) -> Exit | None:
        """Claim once and work on what that gives, or wait; the exit code where the worker is to end now."""
        try:
            if self.pool is not None:
                self.pool.tend(sum(count for _, count in self._waiting()))
            if self.settings.crew.most > 1:
                return self._grow(once=once)
            claimed = self._claimed(0)
        except (StoreError, Unavailable) as problem:
            if once or self.opened.home.is_gone:
                raise
            self.say(problem.message)
            self._rest(troubled=True)
            return None
        if isinstance(claimed, Refused):
            if once:
                self.say(claimed.message)
                return claimed.exit
            self._idle()
            return None
        ending = self._worked(self.opened, claimed, 0)
        if once:
            return Exit.OK
        self._rest(troubled=ending.cause is ReleaseCause.UNAVAILABLE)
        return None

    def _grow(self, *, once: bool) -> Exit | None:
        """Begin one more agent, or wait; with `once`, the end is when nothing waits and nobody works."""
        if self._begin_one():
            return None
        if once and not self._at_work:
            return Exit.OK
        self._idle()
        return None

    def _rest(self, *, troubled: bool) -> None:
        """Wait longer after each trouble in a row: what keeps one task from going on mostly meets the next as well."""
        self._troubles[:] = [*self._troubles, True] if troubled else []
        if troubled and not self.stopped():
            self.pause(pause_ms(len(self._troubles)) / 1000)

    def _begin_one(self) -> bool:
        """Claim one more task, if one more agent is wanted, and start its thread; False if there was none."""
        wanted = agents_wanted(self.settings.crew, len(self._at_work), sum(count for _, count in self._waiting()))
        if wanted <= len(self._at_work):
            return False
        seat = min(set(range(self.settings.crew.most)) - set(self._at_work.values()))
        claimed = self._claimed(seat)
        if isinstance(claimed, Refused):
            return False
        thread = threading.Thread(target=self._work, args=(claimed, seat), name=f"agent-{seat}")
        self._at_work[thread] = seat
        thread.start()
        return True

    def _worked(self, handle: GatewayHandle, claimed: ClaimGranted, seat: int) -> SessionEnd:
        """Let an agent work in that seat."""
        if self.presence is not None:
            self.presence.begins(seat, claimed.task.id, handle.gateway.clock())
        try:
            return self._session(handle).work(claimed.task, claimed.secret)
        finally:
            if self.presence is not None:
                self.presence.ends(seat)

    def _work(self, claimed: ClaimGranted, seat: int) -> None:
        handle = self._spare.pop() if self._spare else (self.reopen or (lambda: self.opened))()
        try:
            self._endings.append(self._worked(handle, claimed, seat))
        except (StoreError, Unavailable) as problem:  # the next claim meets it as well, and says whether to go on
            self.say(problem.message)
        finally:
            self._spare.append(handle)

    def _reap(self) -> None:
        """Take the threads that have ended out of the count."""
        for thread in [thread for thread in self._at_work if not thread.is_alive()]:
            thread.join()
            del self._at_work[thread]
        while self._endings:
            self._rest(troubled=self._endings.popleft().cause is ReleaseCause.UNAVAILABLE)

    def _waiting(self) -> Sequence[tuple[str, int]]:
        gateway, settings = self.opened.gateway, self.settings
        found = gateway.perform(ReadWaiting(gateway.clock(), settings.among.run or None))
        return [(wanted, count) for wanted, count in found if not settings.role or wanted == settings.role]

    def _claimed(self, seat: int) -> ClaimGranted | Refused:
        """A task for the agent of that seat, or why there is none."""
        settings = self.settings
        name = f"{settings.name}-{seat + 1}" if settings.crew.most > 1 else settings.name
        why = Refused("nothing waits for anybody", exit=Exit.NOTHING, hint="onloop list shows what there is")
        for agent, role in claims_for(settings.role, name, () if settings.role else self._waiting()):
            who, offer = this_process(LAUNCHER), settings.places.offer
            gives = None if offer is None else offer.gives
            asked = ClaimTask(
                who, f"agent:{agent}", role, lease_ms=settings.lease_ms, among=settings.among, gives=gives
            )
            try:
                claimed = self.opened.gateway.perform(asked)
            except Refused as no:
                why = no
                continue
            task = claimed.task
            self.say(f"{task.id} claimed: {task.repo or task.title}, {task.step}")
            return claimed
        return why

    def _idle(self) -> None:
        """Wait until the store changes or an agent has ended; at most one second: time alone can make a task ready.

        Where that took far longer, the machine was asleep: who holds a task is let come back first.
        """
        store, waited, began = self.opened.gateway.store, 0.0, self.opened.gateway.clock()
        stamp = store.stamp()
        while waited < LONGEST_IDLE_S and not self.stopped() and store.stamp() == stamp:
            if not all(thread.is_alive() for thread in self._at_work):
                return
            self.pause(POLL_S)
            waited += POLL_S
        if self.opened.gateway.clock() - began > ASLEEP_MS and not self.stopped():
            self.pause(WAKING_S)

    def _session(self, handle: GatewayHandle) -> AgentSession:
        reopen = self.reopen or (lambda: open_home(self.opened.home))
        answers = (self.stopped, self.pause, self.say, self.ensure_verifier)
        return AgentSession(handle, self.settings.session, *answers, reopen, self.programs, self.pool)


def command_words(argv: Sequence[str]) -> tuple[str, ...]:
    """The agent's command, without the `--` that separates it."""
    return tuple(argv[1:] if tuple(argv[:1]) == ("--",) else argv)
