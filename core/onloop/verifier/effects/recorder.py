"""What every effect records: that it has begun, is done, or has failed."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.evaluation import GateContext
from onloop.gateway.jobs import PerformJob, check_job_lease
from onloop.machine.commands import Command, FailEffect, FinishEffect
from onloop.machine.definition import Definition
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag
from onloop.machine.principal import EFFECTS
from onloop.machine.task import Outbox, Task
from onloop.records import Record
from onloop.store.port import Reading
from onloop.store.rows import Job


class EffectRecorder(Record):
    """Records effects under the gateway's own name, for the verifier that has leased `job`.

    `reached` is called at each point ("built", "recorded", "moved"), so that a test can end the process there.
    """

    opened: GatewayHandle
    gate_context: Callable[[Task, Definition, Callable[[], bool]], GateContext]
    stopped: Callable[[], bool]
    reached: Callable[[str], None]
    job: Job | None = None

    def perform(self, task: Task, command: Command) -> None:
        """Record one command; GateStopped if the verifier is stopping, Refused if the job is not its any more."""
        if self.stopped():
            raise GateStopped("the verifier is stopping", hint="the next verifier goes on with the effect")
        self.opened.gateway.perform(PerformJob(EFFECTS, self._leased(task), command))

    def check_lease(self, at: Reading, task: Task) -> None:
        """Refused unless the job is still this verifier's: one that was stopped for long must not touch the target."""
        check_job_lease(at, self._leased(task), self.opened.gateway.clock())

    def _leased(self, task: Task) -> Job:
        if self.job is None or self.job.task != task.id:
            raise ValueError(f"no job of {task.id} was taken")
        return self.job

    def finish(self, task: Task, effect: Outbox, result: str) -> str:
        """Record that the target holds `result`; the answer says so."""
        self.perform(task, FinishEffect(effect.id, result))
        return f"done: {task.target} holds {result[:12]}"

    def fail(
        self, task: Task, effect: Outbox, problem: EffectProblem, detail: str, flags: tuple[Flag, ...] = ()
    ) -> str:
        """Record why the effect failed; the answer says so."""
        self.perform(task, FailEffect(effect.id, problem, detail, flags))
        return f"{problem.value}: {detail}"
