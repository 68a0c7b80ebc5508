"""Carries out the effect that a job asks for, or finishes one that was begun."""

from __future__ import annotations

from onloop.access.setback_kind import Postponed, is_passing
from onloop.access.submission import task_of, with_sound_mirror
from onloop.errors import OnloopError, Refused
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gateway.jobs import PutBackJob
from onloop.machine.commands import ReportTrouble
from onloop.machine.definition import Effect
from onloop.machine.events import EffectProblem
from onloop.machine.task import Outbox, Task
from onloop.records import Record, field
from onloop.store.rows import Job
from onloop.text import safe
from onloop.verifier.effects.away import Away
from onloop.verifier.effects.funnel import FunnelEffect
from onloop.verifier.effects.merge import MergeEffect
from onloop.verifier.effects.recorder import EffectRecorder


class EffectExecutor(Record):
    """Chooses the effect by its kind. A trouble that passes is tried again later; every other goes to a person.

    `away` is what is known of hosts that were not reached: their other effects wait without trying.
    """

    recorder: EffectRecorder
    away: Away = field(default_factory=Away)

    def carry_out(self, job: Job) -> str:
        """Do the effect that a job asks for, or finish one that was begun; the answer says how it ended."""
        opened = self.recorder.opened
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
        except Postponed as trouble:
            return self._postponed(job, task, effect, trouble)
        except Exception as problem:  # what breaks the executor must go to a person, and not run in a loop
            if is_passing(problem):
                self.away.note(task.origin or "", problem, opened.gateway.clock())
                return self._postponed(job, task, effect, Postponed(problem))
            return self.recorder.fail(task, effect, EffectProblem.ERROR, safe(_explained(problem), 500))

    def _postponed(self, job: Job, task: Task, effect: Outbox, trouble: Postponed) -> str:
        words = safe(trouble.message, 300)
        try:
            self.recorder.perform(task, ReportTrouble(trouble.trouble, words, effect=effect.id))
        except GateStopped:
            return "is left to the next verifier"
        except Refused:
            self.recorder.opened.gateway.perform(PutBackJob(job))
        return f"{trouble.trouble.value}: {words}"

    def _carried_out(self, task: Task, effect: Outbox) -> str:
        if task.origin is None:
            return "is no longer needed"
        mirror = self.recorder.opened.mirror(task.origin)
        if effect.kind == Effect.FUNNEL.value:
            return FunnelEffect(self.recorder).carry_out(task, effect, mirror)
        if task.submission is None:
            return "is no longer needed"
        return MergeEffect(self.recorder).carry_out(task, effect, task.submission, mirror)


def _explained(problem: Exception) -> str:
    """What is wrong and what would work, for the person who must decide."""
    if not isinstance(problem, OnloopError):
        return f"{type(problem).__name__}: {problem}"
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message
