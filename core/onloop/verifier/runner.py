"""One thread of the verifier: answers a gate with evidence, or carries out an effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from onloop.access.opening import GatewayHandle
from onloop.access.setback_kind import Postponed, is_passing
from onloop.access.submission import hold_again, task_of, with_sound_mirror
from onloop.errors import OnloopError, Refused
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.evaluation import GateContext, GateSubject, base_result, evaluate
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.provenance import check_provenance
from onloop.gateway.jobs import PerformJob, PutBackJob, PutOffJob, check_job_lease
from onloop.machine.base_result import BaseResult
from onloop.machine.commands import ReportBase, ReportGate, ReportTrouble
from onloop.machine.definition import CommandGate, Definition, ForgeGate, HttpGate, MachineGate
from onloop.machine.forge_check import CHECK_JOB
from onloop.machine.principal import Principal
from onloop.machine.rules.looking_first import ON_BASE, accepted_failures
from onloop.machine.task import Evidence, Submission, Task, Verdict
from onloop.records import Record, replace
from onloop.store.rows import Job
from onloop.text import safe
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.outside_evidence import NotYet, outside_evidence
from onloop.views.pinned_workflow import definition_of

NO_COMMIT = "0" * 40
"""What evidence names where no commit could be read."""


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
        if job.gate is None:
            return self.executor.carry_out(job)
        if job.gate == CHECK_JOB:
            return self.executor.report_check(job)
        gate = job.gate.removeprefix(ON_BASE)
        return self._answer(job) if gate == job.gate else self._look_first(job, gate)

    def _answer(self, job: Job) -> str:
        task = task_of(self.opened, job.task)
        with self.opened.gateway.store.reading() as reading:
            definition = definition_of(reading, task)
        gate = next((g for g in definition.step(task.step or "").machine_gates if g.id == job.gate), None)
        if gate is None or task.submission is None or job.gate not in task.awaited:
            return "is no longer needed"
        asked_at = task.submission.at

        def report() -> ReportGate:
            evidence = self._evaluated(job, task, definition, gate, lambda mirror: self._handed_in(task, mirror))
            return ReportGate(replace(evidence, step=task.step or ""), asked_at)

        return self._reported(job, report)

    def _reported(self, job: Job, report: Callable[[], ReportGate | ReportBase]) -> str:
        """Have what a gate found recorded; the answer says how that ended."""
        try:
            found = report()
            self.opened.gateway.perform(PerformJob(self.principal, job, found))
        except GateStopped:
            return "was ended: nobody waits for it any more, or the verifier stops"
        except Postponed as trouble:
            return self._postpone(job, trouble)
        except NotYet as waiting:
            self.opened.gateway.perform(PutOffJob(job, waiting.until, waiting.words))
            return f"not yet: {waiting.words}"
        except Refused as no:
            self.opened.gateway.perform(PutBackJob(job))
            return f"not recorded: {no.message}"
        return f"{found.evidence.verdict.value}: {found.evidence.summary}"

    def _postpone(self, job: Job, trouble: Postponed) -> str:
        """Have the gate asked for again later: what kept it from running says nothing about the work."""
        words = safe(trouble.message, 300)
        try:
            report = ReportTrouble(trouble.trouble, words, gate=job.gate or "")
            self.opened.gateway.perform(PerformJob(self.principal, job, report))
        except Refused:
            self.opened.gateway.perform(PutBackJob(job))
        return f"{trouble.trouble.value}: {words}"

    def _look_first(self, job: Job, name: str) -> str:
        """Answer a gate about what an agent would begin with: the work so far, or the tip of the target."""
        task = task_of(self.opened, job.task)
        with self.opened.gateway.store.reading() as reading:
            definition = definition_of(reading, task)
        step = next((step for step, check in task.base_checks.items() if name in check.awaited), None)
        gate = next((g for g in definition.step(step).machine_gates if g.id == name), None) if step else None
        if step is None or gate is None:
            return "is no longer needed"
        report_number = task.base_checks[step].number

        def report() -> ReportBase:
            evidence = self._evaluated(job, task, definition, gate, lambda mirror: self._beginning(task, mirror))
            return ReportBase(replace(evidence, step=step), report_number)

        return f"on the base, {self._reported(job, report)}"

    def _beginning(self, task: Task, mirror: Mirror) -> Submission:
        """What an agent would begin with, as if it had been handed in."""
        if task.submission is not None:
            return self._handed_in(task, mirror)
        mirror.create()
        tip = mirror.refresh(task.target)
        return Submission(tip, mirror.tree(tip), tip)

    def _handed_in(self, task: Task, mirror: Mirror) -> Submission:
        if task.submission is None:
            raise ValueError(f"{task.id} has no submission")
        hold_again(self.opened, task)
        check_provenance(mirror, task.submission, task.target)
        return task.submission

    def _evaluated(
        self, job: Job, task: Task, definition: Definition, gate: MachineGate, look_up: Callable[[Mirror], Submission]
    ) -> Evidence:
        """The evidence of a gate on what `look_up` finds; a verifier that breaks on it says so as an error."""
        work = task.submission or Submission(NO_COMMIT, NO_COMMIT, NO_COMMIT)
        try:
            context = self.gate_context(task, definition, lambda: self._should_stop(job))

            def look() -> Evidence:
                nonlocal work
                work = look_up(context.mirror)
                tolerates = accepted_failures(definition, task, definition.step(task.step or ""))
                subject = _subject(task, definition, work, tolerates)
                if work.head == work.base and isinstance(gate, CommandGate):
                    return _told_now(base_result(gate, subject, context), definition, self)
                if isinstance(gate, ForgeGate | HttpGate):
                    return outside_evidence(self.opened, task, gate, subject, context)
                return evaluate(gate, subject, context)

            return with_sound_mirror(self.opened, task, look)
        except (GateStopped, NotYet):
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
                head=work.head,
                tree=work.tree,
                base=work.base,
                definition=definition.digest,
                verifier=self.principal.id,
                at=self.opened.gateway.clock(),
            )

    def _should_stop(self, job: Job) -> bool:
        return self.stopped() or self._is_gone(job)

    def _is_gone(self, job: Job) -> bool:
        """Whether nobody waits for this verifier's answer any more."""
        with self.opened.gateway.store.reading() as reading, suppress(Refused):
            check_job_lease(reading, job, self.opened.gateway.clock())
            return False
        return True


def _subject(task: Task, definition: Definition, work: Submission, tolerates: Mapping[str, Evidence]) -> GateSubject:
    return GateSubject(task.id, definition.digest, work.head, work.tree, work.base, work.artefacts, tolerates)


def _told_now(known: BaseResult, definition: Definition, runner: Runner) -> Evidence:
    """What is known of a base, as this verifier's evidence under this workflow."""
    now = runner.opened.gateway.clock()
    return replace(known.evidence, definition=definition.digest, verifier=runner.principal.id, at=now)
