"""One thread of the verifier: answers a gate with evidence, or carries out an effect."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.access.setback_kind import Postponed, is_passing
from onloop.access.submission import hold_again, task_of, with_sound_mirror
from onloop.errors import OnloopError, Refused
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.evaluation import GateContext, GateSubject, evaluate
from onloop.gates.repository.provenance import check_provenance
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import PutBackJob
from onloop.machine.commands import ReportGate, ReportTrouble
from onloop.machine.definition import Definition, MachineGate
from onloop.machine.principal import Principal
from onloop.machine.task import Evidence, Task, Verdict
from onloop.records import Record, replace
from onloop.store.rows import Job
from onloop.text import safe
from onloop.verifier.effects.executor import EffectExecutor
from onloop.views.pinned_workflow import definition_of


class Runner(Record):
    """Does one job at a time, with a store that is opened for it alone; `stopped` is called while a gate runs.

    `gate_context` makes what a gate needs, for a task and a definition.
    """

    opened: GatewayHandle
    principal: Principal
    gate_context: Callable[[Task, Definition, Callable[[], bool]], GateContext]
    executor: EffectExecutor
    stopped: Callable[[], bool]

    def carry_out(self, job: Job) -> str:
        """Do what the job asks for; the answer says how it ended."""
        return self.executor.carry_out(job) if job.gate is None else self._answer(job)

    def _answer(self, job: Job) -> str:
        task = task_of(self.opened, job.task)
        with self.opened.gateway.store.reading() as reading:
            definition = definition_of(reading, task)
        gate = next((g for g in definition.step(task.step or "").machine_gates if g.id == job.gate), None)
        if gate is None or task.submission is None or job.gate not in task.awaited:
            return "is no longer needed"
        try:
            evidence = self._evaluate(job, task, definition, gate)
            report = ReportGate(replace(evidence, step=task.step or ""), task.submission.at)
            self.opened.gateway.perform(PerformCommand(self.principal, task.id, report))
        except GateStopped:
            return "was ended: nobody waits for it any more, or the verifier stops"
        except Postponed as trouble:
            return self._postpone(job, trouble)
        except Refused as no:
            self.opened.gateway.perform(PutBackJob(job))
            return f"not recorded: {no.message}"
        return f"{evidence.verdict.value}: {evidence.summary}"

    def _postpone(self, job: Job, trouble: Postponed) -> str:
        """Have the gate asked for again later: what kept it from running says nothing about the work."""
        words = safe(trouble.message, 300)
        try:
            report = ReportTrouble(trouble.trouble, words, gate=job.gate or "")
            self.opened.gateway.perform(PerformCommand(self.principal, job.task, report))
        except Refused:
            self.opened.gateway.perform(PutBackJob(job))
        return f"{trouble.trouble.value}: {words}"

    def _evaluate(self, job: Job, task: Task, definition: Definition, gate: MachineGate) -> Evidence:
        submission = task.submission
        if submission is None:
            raise ValueError(f"{task.id} has no submission")
        subject = GateSubject(
            task.id, definition.digest, submission.head, submission.tree, submission.base, submission.artefacts
        )
        try:
            context = self.gate_context(task, definition, lambda: self._should_stop(job))

            def look() -> Evidence:
                hold_again(self.opened, task)
                check_provenance(context.mirror, submission, task.target)
                return evaluate(gate, subject, context)

            return with_sound_mirror(self.opened, task, look)
        except GateStopped:
            raise
        except Exception as problem:  # a gate that breaks the verifier must go to a person, and not run in a loop
            if is_passing(problem):
                raise Postponed(problem) from problem
            broken = f"the verifier itself failed: {type(problem).__name__}: {problem}"
            words = problem.message if isinstance(problem, OnloopError) else broken
            return Evidence(
                gate=gate.id,
                verdict=Verdict.ERROR,
                summary=safe(words, 300),
                head=submission.head,
                tree=submission.tree,
                base=submission.base,
                definition=definition.digest,
                verifier=self.principal.id,
                at=self.opened.gateway.clock(),
            )

    def _should_stop(self, job: Job) -> bool:
        return self.stopped() or self._is_gone(job)

    def _is_gone(self, job: Job) -> bool:
        """Whether nobody waits for this answer any more: then its row has been removed."""
        with self.opened.gateway.store.reading() as reading:
            return reading.get(Job, job.id) is None
