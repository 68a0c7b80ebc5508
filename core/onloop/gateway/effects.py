"""Effects: intent → compare-and-set → done. A kill at any point leaves either nothing or exactly one change outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onloop.errors import OnloopError, Refused
from onloop.gates.bench import GateStopped
from onloop.gates.evaluation import Subject, Workshop, evaluate
from onloop.gates.merging import AlreadyThere, Conflict, Elsewhere, Merged
from onloop.gates.mirror import Mirror
from onloop.gateway.definitions import definition_of
from onloop.gateway.family import funnelled
from onloop.gateway.identity import EFFECTS
from onloop.gateway.opening import Opened
from onloop.gateway.submission import task_of
from onloop.machine.commands import Command, FailEffect, FinishEffect, FinishFunnel, ReportConflict, StartEffect
from onloop.machine.definition import ArtefactGate, Definition, Effect
from onloop.machine.events import EffectProblem
from onloop.machine.flagging import evidence_flags, flags_of
from onloop.machine.flags import Flag, flag_words
from onloop.machine.task import Outbox, Submission, Task, Verdict
from onloop.store.rows import Job
from onloop.text import safe

MOST_REBUILDS = 10
"""How often a merge is built again because the target moved meanwhile, before a person is asked."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Carries out effects as the gateway itself.

    `at` is told which point has been reached ("built", "recorded", "moved"): a test may die there.
    """

    opened: Opened
    workshop: Callable[[Task, Definition, Callable[[], bool]], Workshop]
    stopped: Callable[[], bool]
    at: Callable[[str], None]

    def carry_out(self, job: Job) -> str:
        """Do the effect that a job asks for, or finish one that was begun; the answer says how it ended."""
        task = task_of(self.opened, job.task)
        effect, now = task.effect, task.submission
        if effect is None or effect.id != job.id or task.origin is None:
            return "is not asked any more"
        mirror = self.opened.home.mirror(task.origin)
        try:
            if effect.kind == Effect.FUNNEL.value:
                return self._funnel(task, effect, mirror)
            if now is None:
                return "is not asked any more"
            if effect.expected is not None and effect.result is not None:
                return self._resume(task, effect, mirror)
            return self._merge(task, effect, now, mirror)
        except GateStopped:
            return "is left to the next verifier"
        except Refused as no:
            self.opened.gateway.put_back(job)
            return f"not recorded: {no.message}"
        except Exception as problem:  # what breaks the executor must end before a person, not in a loop
            words = problem.message if isinstance(problem, OnloopError) else f"{type(problem).__name__}: {problem}"
            return self._fail(task, effect, EffectProblem.ERROR, safe(words, 300))

    def _resume(self, task: Task, effect: Outbox, mirror: Mirror) -> str:
        """The intent is on record, and we do not know whether the act followed: the target knows."""
        expected, result = effect.expected or "", effect.result or ""
        tip = mirror.refresh(task.target)
        if tip == result or mirror.is_ancestor(result, tip):
            return self._finish(task, effect, result)
        if tip != expected:
            words = f"{task.target} is at {tip[:12]}, neither {expected[:12]} nor the merge {result[:12]}"
            return self._fail(task, effect, EffectProblem.CHANGED, words)
        return self._move(task, effect, mirror, expected, result) or self._fail(
            task, effect, EffectProblem.CHANGED, f"{task.target} moved while the merge was finished"
        )

    def _merge(self, task: Task, effect: Outbox, now: Submission, mirror: Mirror) -> str:
        for _ in range(MOST_REBUILDS):
            tip = mirror.refresh(task.target)
            merged = mirror.merge(tip, now.head, _message(task), now.at)
            if isinstance(merged, AlreadyThere):
                return self._finish(task, effect, merged.commit)
            if isinstance(merged, Conflict):
                return self._fail(task, effect, EffectProblem.CONFLICT, _conflict_words(task, merged))
            problem = self._verify(task, now, tip, merged)
            if problem is not None:
                return self._fail(task, effect, *problem)
            self.at("built")
            self._perform(task, StartEffect(effect.id, tip, merged.commit))
            self.at("recorded")
            done = self._move(task, effect, mirror, tip, merged.commit)
            if done is not None:
                return done
        return self._fail(task, effect, EffectProblem.CHANGED, f"{task.target} moved {MOST_REBUILDS} times meanwhile")

    def _funnel(self, task: Task, effect: Outbox, mirror: Mirror) -> str:
        """Merge what the children handed in, in order; only the mirror changes, so a repetition gives the same."""
        with self.opened.gateway.store.reading() as at:
            parts = funnelled(at, task)
        tip, now = mirror.refresh(task.target), task.submission
        head, when = (now.head if now else tip), max((part.at for _, part in parts), default=now.at if now else 0)
        for child, part in parts:
            merged = mirror.merge(head, part.head, f"Merge {child} into {task.id}", when)
            if isinstance(merged, Conflict):
                self._perform(task, ReportConflict(effect.id, child, merged.paths))
                return f"conflict: {child} in {', '.join(merged.paths[:10])}"
            head = merged.commit
        mirror.keep(task.id, task.version, head)
        base = mirror.merge_base(head, tip)
        artefacts = now.artefacts if now else ()
        authors = mirror.authors(base, head)
        done = Submission(head, mirror.tree(head), base, authors, artefacts, at=self.opened.gateway.clock())
        self._perform(task, FinishFunnel(effect.id, done))
        return f"done: {len(parts)} commits became {head[:12]}"

    def _move(self, task: Task, effect: Outbox, mirror: Mirror, expected: str, result: str) -> str | None:
        """Move the target by compare-and-set; None when it was elsewhere."""
        if isinstance(mirror.move(task.target, expected, result), Elsewhere):
            return None
        self.at("moved")
        return self._finish(task, effect, result)

    def _verify(
        self, task: Task, now: Submission, tip: str, merged: Merged
    ) -> tuple[EffectProblem, str, tuple[Flag, ...]] | None:
        """Run every gate that looks at a commit on the merged result, unless it has passed on this very tree."""
        with self.opened.gateway.store.reading() as at:
            definition = definition_of(at, task)
        subject = Subject(task.id, definition.digest, merged.commit, merged.tree, tip, now.artefacts)
        workshop = self.workshop(task, definition, self.stopped)
        for step in definition.steps:
            for gate in step.machine_gates:
                known = merged.tree == now.tree and task.passed(step.id, gate.id)
                if known or isinstance(gate, ArtefactGate):
                    continue
                found = evaluate(gate, subject, workshop)
                if found.verdict is not Verdict.PASS:
                    return EffectProblem.GATE_FAILED, f"on the merged result, {gate.id}: {found.summary}", ()
                if unshown := tuple(flag for flag in evidence_flags(found) if flag not in flags_of(task)):
                    return EffectProblem.FLAGGED, f"nobody was shown {flag_words(unshown)}", unshown
        return None

    def _finish(self, task: Task, effect: Outbox, result: str) -> str:
        self._perform(task, FinishEffect(effect.id, result))
        return f"done: {task.target} holds {result[:12]}"

    def _fail(
        self, task: Task, effect: Outbox, problem: EffectProblem, detail: str, flags: tuple[Flag, ...] = ()
    ) -> str:
        self._perform(task, FailEffect(effect.id, problem, detail, flags))
        return f"{problem.value}: {detail}"

    def _perform(self, task: Task, command: Command) -> None:
        if self.stopped():
            raise GateStopped("the verifier is being stopped", hint="the next one takes the effect up where it stands")
        self.opened.gateway.perform(EFFECTS, task.id, command)


def _message(task: Task) -> str:
    """The merge commit's message: what, by whom approved, and where the proof is."""
    approvals = [f"Approved-by: {d.by} ({d.assurance.value})" for d in task.decisions if d.answer.value == "approve"]
    trailers = "\n".join([*dict.fromkeys(approvals), f"Onloop-Task: {task.id}", f"Onloop-Workflow: {task.definition}"])
    return f"{task.title}\n\n{trailers}\n"


def _conflict_words(task: Task, conflict: Conflict) -> str:
    return f"merging into {task.target} conflicts in {', '.join(conflict.paths[:10])}"
