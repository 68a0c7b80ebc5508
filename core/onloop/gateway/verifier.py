"""The verifier: takes gates that are asked for, runs them in clean checkouts, writes evidence; then runs effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from onloop.errors import OnloopError, Refused
from onloop.gates.bench import GateStopped
from onloop.gates.evaluation import Subject, Workshop, evaluate
from onloop.gateway.definitions import definition_of
from onloop.gateway.effects import Executor
from onloop.gateway.identity import Principal
from onloop.gateway.opening import Opened
from onloop.gateway.submission import task_of
from onloop.machine.commands import ReportGate
from onloop.machine.definition import Definition, MachineGate
from onloop.machine.task import Evidence, Task, Verdict
from onloop.store.rows import Job
from onloop.text import safe

JOB_MARGIN_MS = 120_000
POLL_S = 0.03
LONGEST_IDLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Verifier:
    """Answers every gate and carries out every effect of one store, one after the other.

    `pause` waits some seconds or until stopped; `workshop` makes what gates run with for a mirror and a definition.
    """

    opened: Opened
    principal: Principal
    workshop: Callable[[Task, Definition, Callable[[], bool]], Workshop]
    executor: Executor
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    say: Callable[[str], None]

    def run(self, *, idle_exit_ms: int | None = None) -> None:
        """Work until stopped, until the store's folder is gone, or until there was nothing to do for so long.

        Call it under `only_verifier`.
        """
        gateway = self.opened.gateway
        gateway.free_jobs()
        worked_at = gateway.clock()
        while not self.stopped() and self.opened.home.store.is_dir():
            gateway.tick()
            if self._step():
                worked_at = gateway.clock()
            elif idle_exit_ms is not None and gateway.clock() - worked_at > idle_exit_ms:
                return
            else:
                self._idle()

    def _idle(self) -> None:
        store, waited = self.opened.gateway.store, 0.0
        stamp = store.stamp()
        while waited < LONGEST_IDLE_S and not self.stopped() and store.stamp() == stamp:
            self.pause(POLL_S)
            waited += POLL_S

    def _step(self) -> bool:
        """Do one thing; False if there was nothing to do."""
        job = self.opened.gateway.take_job(self.principal, JOB_MARGIN_MS, effects=True)
        if job is not None:
            self._say(job, self.executor.carry_out(job))
            return True
        job = self.opened.gateway.take_job(self.principal, JOB_MARGIN_MS, effects=False)
        if job is not None:
            self._say(job, self._answer(job))
            return True
        return False

    def _say(self, job: Job, words: str) -> None:
        self.say(f"{job.id} {words}")

    def _answer(self, job: Job) -> str:
        task = task_of(self.opened, job.task)
        with self.opened.gateway.store.reading() as at:
            definition = definition_of(at, task)
        gate = next((g for g in definition.step(task.step or "").machine_gates if g.id == job.gate), None)
        if gate is None or task.submission is None or job.gate not in task.awaited:
            return "is not asked any more"
        try:
            evidence = self._evaluate(job, task, definition, gate)
            report = ReportGate(replace(evidence, step=task.step or ""), task.submission.at)
            self.opened.gateway.perform(self.principal, task.id, report)
        except GateStopped:
            return "was ended: nobody waits for it any more, or the verifier is being stopped"
        except Refused as no:
            self.opened.gateway.put_back(job)
            return f"not recorded: {no.message}"
        return f"{evidence.verdict.value}: {evidence.summary}"

    def _evaluate(self, job: Job, task: Task, definition: Definition, gate: MachineGate) -> Evidence:
        now = task.submission
        if now is None:
            raise ValueError(f"{task.id} has no submission")
        subject = Subject(task.id, definition.digest, now.head, now.tree, now.base, now.artefacts)
        try:
            return evaluate(gate, subject, self.workshop(task, definition, lambda: self._should_stop(job)))
        except GateStopped:
            raise
        except Exception as problem:  # a gate that breaks the verifier must end before a person, not in a loop
            words = problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"
            return Evidence(
                gate=gate.id,
                verdict=Verdict.ERROR,
                summary=safe(f"the verifier itself failed: {words}", 300),
                head=now.head,
                tree=now.tree,
                base=now.base,
                definition=definition.digest,
                verifier=self.principal.id,
                at=self.opened.gateway.clock(),
            )

    def _should_stop(self, job: Job) -> bool:
        return self.stopped() or self._is_gone(job)

    def _is_gone(self, job: Job) -> bool:
        """Whether nobody waits for this answer any more: the row goes when the question does."""
        with self.opened.gateway.store.reading() as at:
            return at.get(Job, job.id) is None
