"""Carries out the effect that a job asks for, or finishes one that was begun."""

from __future__ import annotations

from onloop.access.setback_kind import Postponed, is_passing, trouble_in, words_of
from onloop.access.submission import task_of, with_sound_mirror
from onloop.errors import OnloopError, Refused
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gateway.jobs import PutBackJob
from onloop.machine.commands import ReportTrouble
from onloop.machine.definition import Effect
from onloop.machine.events import EffectProblem
from onloop.machine.setbacks import Trouble
from onloop.machine.task import Outbox, Task
from onloop.records import Record, field, replace
from onloop.store.rows import Job
from onloop.text import safe
from onloop.verifier.effects.away import Away
from onloop.verifier.effects.check_report import CheckReport
from onloop.verifier.effects.forge_effects import ForgeEffects
from onloop.verifier.effects.funnel import FunnelEffect
from onloop.verifier.effects.merge import MergeEffect
from onloop.verifier.effects.outside_deed import Awaited, CannotBeDone, FindForge, declared_forge
from onloop.verifier.effects.recorder import EffectRecorder


class EffectExecutor(Record):
    """Chooses the effect by its kind. A trouble that passes is tried again later; every other goes to a person.

    `away` is what is known of hosts that were not reached: their other effects wait without trying.
    """

    recorder: EffectRecorder
    away: Away = field(default_factory=Away)
    find_forge: FindForge = declared_forge

    def carry_out(self, job: Job) -> str:
        """Do the effect that a job asks for, or finish one that was begun; the answer says how it ended."""
        return _LeasedEffect(replace(self.recorder, job=job), self.away, job, self.find_forge).carry_out()

    def report_check(self, job: Job) -> str:
        """Have the forge show how a task stands; the answer says how that ended."""
        report = CheckReport(replace(self.recorder, job=job), self.find_forge, job)
        try:
            return report.carry_out(task_of(self.recorder.opened, job.task))
        except GateStopped:
            return "is left to the next verifier"
        except Refused as no:
            self.recorder.opened.gateway.perform(PutBackJob(job))
            return f"not recorded: {no.message}"


class _LeasedEffect(Record):
    """One effect of one task, for the verifier that has leased its job."""

    recorder: EffectRecorder
    away: Away
    job: Job
    find_forge: FindForge

    def carry_out(self) -> str:
        opened, job = self.recorder.opened, self.job
        task = task_of(opened, job.task)
        effect = task.effect
        if effect is None or effect.id != job.id:
            return "is no longer needed"
        try:
            self.away.check(task.origin or "", opened.gateway.clock())
            return with_sound_mirror(opened, task, lambda: self._carried_out(task, effect))
        except GateStopped:
            return "is left to the next verifier"
        except Refused as no:
            opened.gateway.perform(PutBackJob(job))
            return f"not recorded: {no.message}"
        except Exception as problem:  # what breaks the executor must go to a person, and not run in a loop
            return self._not_done(task, effect, problem)

    def _not_done(self, task: Task, effect: Outbox, problem: Exception) -> str:
        """Have it tried again where that helps, else ask a person."""
        if isinstance(problem, Postponed):
            return self._postponed(task, effect, problem.trouble, problem.message)
        if isinstance(problem, Awaited):
            return self._postponed(task, effect, Trouble.AWAITED, problem.message)
        if isinstance(problem, CannotBeDone):
            return self._failed(task, effect, problem.problem, safe(problem.message, 500))
        if is_passing(problem):
            self.away.note(task.origin or "", problem, self.recorder.opened.gateway.clock())
            return self._postponed(task, effect, trouble_in(problem), words_of(problem))
        return self._failed(task, effect, EffectProblem.ERROR, safe(_explained(problem), 500))

    def _failed(self, task: Task, effect: Outbox, problem: EffectProblem, words: str) -> str:
        try:
            return self.recorder.fail(task, effect, problem, words)
        except Refused as no:
            self.recorder.opened.gateway.perform(PutBackJob(self.job))
            return f"not recorded: {no.message}"

    def _postponed(self, task: Task, effect: Outbox, trouble: Trouble, said: str) -> str:
        words = safe(said, 300)
        try:
            self.recorder.perform(task, ReportTrouble(trouble, words, effect=effect.id))
        except GateStopped:
            return "is left to the next verifier"
        except Refused:
            self.recorder.opened.gateway.perform(PutBackJob(self.job))
        return f"{trouble.value}: {words}"

    def _carried_out(self, task: Task, effect: Outbox) -> str:
        if task.origin is None:
            return "is no longer needed"
        mirror = self.recorder.opened.mirror(task.origin)
        if effect.kind == Effect.FUNNEL.value:
            return FunnelEffect(self.recorder).carry_out(task, effect, mirror)
        if task.submission is None:
            return "is no longer needed"
        forge_effects = ForgeEffects(self.recorder, self.find_forge)
        if effect.kind != Effect.MERGE.value:
            return forge_effects.carry_out(task, effect, task.submission, mirror)
        return MergeEffect(self.recorder, forge_effects).carry_out(task, effect, task.submission, mirror)


def _explained(problem: Exception) -> str:
    """What is wrong and what would work, for the person who must decide."""
    if not isinstance(problem, OnloopError):
        return f"{type(problem).__name__}: {problem}"
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message
