"""The verifier: takes the gates and effects that are due, and gives them to runners, several at a time."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from onloop.access.opening import GatewayHandle
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.gateway.upkeep import FireTimers
from onloop.machine.principal import Principal
from onloop.records import Record, field
from onloop.store.rows import Job
from onloop.verifier.job_leases import JobLeases
from onloop.verifier.runner import Runner

POLL_S = 0.03
LONGEST_IDLE_S = 0.5
MOST_AT_ONCE = 64


def usual_at_once() -> int:
    """How many jobs run at a time by default: one per processor, at most eight."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(8, own or 1)


class Verifier(Record):
    """Evaluates every gate and carries out every effect of one store, `at_once` of them at a time.

    Effects on one repository run one after the other. `runner` makes a runner for a thread, from a function that says
    whether to stop; `pause` waits some seconds or until stopped. `leases` keep its jobs its own. `keep_shown` proves
    the gates' box if that is due; it is called before the first job, and whenever the store has changed.
    `predecessors` is how the ids of verifiers begin that have ended if this one runs; empty: of all of them.
    """

    opened: GatewayHandle
    principal: Principal
    runner: Callable[[Callable[[], bool]], Runner]
    at_once: int
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    leases: JobLeases
    keep_shown: Callable[[], None] = lambda: None
    predecessors: str = ""
    waits_elsewhere: Callable[[], bool] = lambda: False
    """Whether work is awaited from elsewhere, which keeps the verifier from ending."""
    _under_way: dict[Future[str], tuple[Job, Runner]] = field(default_factory=dict)
    _spare: deque[Runner] = field(default_factory=deque)
    _ending: threading.Event = field(default_factory=threading.Event)

    def run(self, *, idle_exit_ms: int | None = None) -> None:
        """Work until stopped, until the store's folder is gone, or until there was no work for `idle_exit_ms`.

        Call it under `only_verifier`. Jobs that still run at the end are stopped and left to the next verifier.
        """
        gateway = self.opened.gateway
        gateway.perform(FreeJobs(self.predecessors))
        worked_at = gateway.clock()
        with ExitStack() as leaving:
            leaving.callback(self._close)
            pool = leaving.enter_context(ThreadPoolExecutor(self.at_once, "runner"))
            leaving.callback(self._ending.set)
            leaving.enter_context(self.leases.kept())
            while not self.stopped() and self.opened.home.store.is_dir():
                seen = gateway.store.stamp()
                self.keep_shown()
                gateway.perform(FireTimers())
                if self._collect() + self._hand_out(pool) or self._under_way or self.waits_elsewhere():
                    worked_at = gateway.clock()
                elif idle_exit_ms is not None and gateway.clock() - worked_at > idle_exit_ms:
                    return
                self._idle(seen)

    def _should_stop(self) -> bool:
        return self._ending.is_set() or self.stopped()

    def _hand_out(self, pool: ThreadPoolExecutor) -> int:
        """Start as many due jobs as there are free runners; the answer is how many."""
        begun = 0
        while len(self._under_way) < self.at_once and (job := self._next()) is not None:
            runner = self._spare.pop() if self._spare else self.runner(self._should_stop)
            self.leases.hold(job.id)
            self._under_way[pool.submit(runner.carry_out, job)] = job, runner
            begun += 1
        return begun

    def _next(self) -> Job | None:
        """The next job: effects first, because people have already decided on them."""
        gateway, busy = self.opened.gateway, tuple(job.id for job, _ in self._under_way.values())
        effect = gateway.perform(TakeJob(self.principal, self.leases.lease_ms, effects=True, busy=busy))
        return effect or gateway.perform(TakeJob(self.principal, self.leases.lease_ms, effects=False, busy=busy))

    def _collect(self) -> int:
        """Report the jobs that have ended; the answer is how many. An exception of a runner ends the verifier."""
        done = [future for future in self._under_way if future.done()]
        for future in done:
            job, runner = self._under_way.pop(future)
            self.leases.let_go(job.id)
            self._spare.append(runner)
            self.say(f"{job.id} {future.result()}")
        return len(done)

    def _idle(self, seen: int) -> None:
        """Wait until the store has changed since `seen`, a runner is done, or the longest pause is over."""
        store, waited = self.opened.gateway.store, 0.0
        while waited < LONGEST_IDLE_S and not self.stopped() and store.stamp() == seen:
            if any(future.done() for future in self._under_way):
                return
            self.pause(POLL_S)
            waited += POLL_S

    def _close(self) -> None:
        for runner in (*self._spare, *(runner for _, runner in self._under_way.values())):
            runner.opened.close()
