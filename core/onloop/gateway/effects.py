"""Effects: intent → compare-and-set → done. A kill at any point leaves either nothing or exactly one change outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from onloop.errors import Exit, OnloopError, Refused
from onloop.gates import shown
from onloop.gates.bench import GateStopped
from onloop.gates.clonable import unclonable
from onloop.gates.evaluation import Subject, Workshop, evaluate
from onloop.gates.merging import AlreadyThere, Conflict, Elsewhere, Merged
from onloop.gates.mirror import Mirror
from onloop.gateway.commands import PerformCommand
from onloop.gateway.definitions import definition_of
from onloop.gateway.family import funnelled
from onloop.gateway.identity import EFFECTS
from onloop.gateway.jobs import PutBackJob
from onloop.gateway.opening import Opened
from onloop.gateway.submission import task_of
from onloop.machine.commands import (
    Command,
    FailEffect,
    FinishEffect,
    FinishFunnel,
    ReportConflict,
    StartEffect,
    VoidEffect,
)
from onloop.machine.definition import ArtefactGate, Definition, Effect
from onloop.machine.events import EffectProblem
from onloop.machine.flagging import evidence_flags, flags_of
from onloop.machine.flags import Flag, flag_words
from onloop.machine.house import covering
from onloop.machine.task import Outbox, Submission, Task, Verdict
from onloop.store.rows import Job
from onloop.text import safe

MOST_PATHS = 10
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
            self.opened.gateway.perform(PutBackJob(job))
            return f"not recorded: {no.message}"
        except Exception as problem:  # what breaks the executor must end before a person, not in a loop
            return self._fail(task, effect, EffectProblem.ERROR, safe(_told(problem), 500))

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
            if not shown.merge_bases(mirror.git, tip, now.head):
                words = f"{task.target} at {tip[:12]} has no history in common with the work any more"
                return self._fail(task, effect, EffectProblem.CHANGED, words)
            merged = mirror.merge(tip, now.head, _message(task, now), now.at)
            if isinstance(merged, AlreadyThere):
                return self._there(task, effect, now, mirror, tip)
            if isinstance(merged, Conflict):
                return self._fail(task, effect, EffectProblem.CONFLICT, _conflict_words(task, merged))
            if why := _differs(mirror, now, tip, merged):
                return self._void(task, effect, now, mirror, tip, merged, why)
            problem = _clonable(mirror, tip, merged) or self._verify(task, now, tip, merged)
            if problem is not None:
                return self._fail(task, effect, *problem)
            self.at("built")
            self._perform(task, StartEffect(effect.id, tip, merged.commit))
            self.at("recorded")
            done = self._move(task, effect, mirror, tip, merged.commit)
            if done is not None:
                return done
        return self._fail(task, effect, EffectProblem.CHANGED, f"{task.target} moved {MOST_REBUILDS} times meanwhile")

    def _there(self, task: Task, effect: Outbox, now: Submission, mirror: Mirror, tip: str) -> str:
        """Others have merged the work: done, unless somebody has taken a part of it back since."""
        undone = shown.taken_back(mirror.git, now.base, now.head, tip)
        if not undone:
            return self._finish(task, effect, tip)
        names = safe(", ".join(undone[:MOST_PATHS]), 200)
        words = f"{task.target} contains {now.head[:12]} already, and has taken it back in {names}"
        return self._fail(task, effect, EffectProblem.CHANGED, words)

    def _void(
        self, task: Task, effect: Outbox, now: Submission, mirror: Mirror, tip: str, merged: Merged, why: str
    ) -> str:
        """Ask again, about a submission of the same work whose diff is what the merge would bring in now.

        That is the same commit, seen from where the target and it part now; or, where no such diff is the true one
        (the target renamed what the work changes, or their histories cross), the merge itself, seen from the tip.
        """
        bases = shown.merge_bases(mirror.git, tip, now.head)
        again = _seen_from(mirror, now, now.head, bases[0], self.opened.gateway.clock())
        if len(bases) > 1 or _differs(mirror, again, tip, merged):
            built = mirror.merge(tip, now.head, f"Merge {task.target} into {task.id}", now.at)
            commit = built.commit if isinstance(built, Merged) else merged.commit
            mirror.keep(task.id, task.version, commit)
            again = _seen_from(mirror, now, commit, tip, self.opened.gateway.clock())
        words = f"{task.target} is at {tip[:12]}: {why}"
        self._perform(task, VoidEffect(effect.id, again, words))
        return f"asked again: {words}"

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
        """Move the target by compare-and-set; None when it was elsewhere. What is frozen by now is not moved."""
        with self.opened.gateway.store.reading() as at:
            scope = covering(at.house(), task)
        if scope is not None:
            hint = f"it goes on after: onloop unfreeze {scope}"
            raise Refused(f"{scope} is frozen, and {task.target} was not moved", exit=Exit.HELD, hint=hint)
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
        self.opened.gateway.perform(PerformCommand(EFFECTS, task.id, command))


def _differs(mirror: Mirror, now: Submission, tip: str, merged: Merged) -> str:
    """What is not as the submission says, or not as it was shown, in words; everything is computed from the mirror."""
    if mirror.tree(now.head) != now.tree:
        return f"{now.head[:12]} has not the tree that was submitted"
    if why := shown.unseen(mirror.git, now.base, now.head, tip, merged.commit):
        return why
    if set(mirror.authors(now.base, now.head)) != set(now.authors):
        return f"{now.head[:12]} was written by others than was submitted"
    return ""


def _clonable(mirror: Mirror, tip: str, merged: Merged) -> tuple[EffectProblem, str] | None:
    """Why nobody could clone what the merge would make of the target, if that is so."""
    brought = shown.differing(mirror.git, tip, merged.commit)
    trouble = unclonable(mirror.git, mirror.origin, tip, merged.commit, brought)
    return (EffectProblem.UNCLONABLE, safe(trouble, 500)) if trouble else None


def _told(problem: Exception) -> str:
    """What is wrong and what would work, for whoever is asked what now."""
    if not isinstance(problem, OnloopError):
        return f"{type(problem).__name__}: {problem}"
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def _seen_from(mirror: Mirror, now: Submission, head: str, base: str, at: int) -> Submission:
    """The submission of the same work as `head`, shown as what lies between it and `base`."""
    return replace(now, head=head, tree=mirror.tree(head), base=base, authors=mirror.authors(base, head), at=at)


def _message(task: Task, now: Submission) -> str:
    """The merge commit's message: what, by whom approved, and where the proof is."""
    counted = [d for d in task.decisions if d.answer.value == "approve" and (d.head, d.base) == (now.head, now.base)]
    approvals = [f"Approved-by: {d.by} ({d.assurance.value})" for d in counted]
    trailers = "\n".join([*dict.fromkeys(approvals), f"Onloop-Task: {task.id}", f"Onloop-Workflow: {task.definition}"])
    return f"{task.title}\n\n{trailers}\n"


def _conflict_words(task: Task, conflict: Conflict) -> str:
    return f"merging into {task.target} conflicts in {', '.join(conflict.paths[:10])}"
