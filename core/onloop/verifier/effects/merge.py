"""The merge: the submitted commit into the task's target, after its machine gates passed on the merged result."""

from __future__ import annotations

from onloop.errors import Exit, Refused
from onloop.gates.contents.clonable import push_brought, unclonable
from onloop.gates.evaluation import GateSubject, evaluate
from onloop.gates.repository import shown
from onloop.gates.repository.merging import AlreadyThere, Conflict, Elsewhere, Merged
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.shown import content_digest
from onloop.machine.commands import StartEffect, VoidEffect
from onloop.machine.definition import ArtefactGate
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag, flag_words
from onloop.machine.rules.flagging import evidence_flags, flags_of
from onloop.machine.rules.looking_first import accepted_failures
from onloop.machine.store_state import covering
from onloop.machine.task import Outbox, Submission, Task, Verdict
from onloop.records import Record, replace
from onloop.text import safe
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.views.pinned_workflow import definition_of

MOST_PATHS = 10
MOST_REBUILDS = 10
"""How often a merge is rebuilt because the target has moved, before a person is asked."""


class MergeEffect(Record):
    """Merges only what people were shown; if the merge would differ, it asks again."""

    recorder: EffectRecorder

    def carry_out(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror) -> str:
        """Begin the merge, or finish one whose intent is recorded; the answer says how it ended."""
        if effect.expected is not None and effect.result is not None:
            return self._resume(task, effect, mirror)
        return self._merge(task, effect, submission, mirror)

    def _resume(self, task: Task, effect: Outbox, mirror: Mirror) -> str:
        """The intent is recorded, but not whether the merge happened: the target's tip tells."""
        expected, result = effect.expected or "", effect.result or ""
        tip = mirror.refresh(task.target)
        if tip == result or mirror.is_ancestor(result, tip):
            return self.recorder.finish(task, effect, result)
        if tip != expected:
            words = f"{task.target} is at {tip[:12]}, neither {expected[:12]} nor the merge {result[:12]}"
            return self.recorder.fail(task, effect, EffectProblem.CHANGED, words)
        return self._move(task, effect, mirror, expected, result) or self.recorder.fail(
            task, effect, EffectProblem.CHANGED, f"{task.target} moved before the merge was finished"
        )

    def _merge(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror) -> str:
        for _ in range(MOST_REBUILDS):
            tip = mirror.refresh(task.target)
            if not shown.merge_bases(mirror.git, tip, submission.head):
                words = f"{task.target} at {tip[:12]} has no history in common with the work any more"
                return self.recorder.fail(task, effect, EffectProblem.CHANGED, words)
            merged = mirror.merge(tip, submission.head, _message(task, submission), submission.at)
            if isinstance(merged, AlreadyThere):
                return self._there(task, effect, submission, mirror, tip)
            if isinstance(merged, Conflict):
                return self.recorder.fail(task, effect, EffectProblem.CONFLICT, _conflict_words(task, merged))
            if why := _differs(mirror, submission, tip, merged):
                return self._void(task, effect, submission, mirror, tip, merged, why)
            problem = _clonable(mirror, tip, merged) or self._verify(task, submission, tip, merged)
            if problem is not None:
                return self.recorder.fail(task, effect, *problem)
            self.recorder.reached("built")
            self.recorder.perform(task, StartEffect(effect.id, tip, merged.commit))
            self.recorder.reached("recorded")
            done = self._move(task, effect, mirror, tip, merged.commit)
            if done is not None:
                return done
        return self.recorder.fail(
            task, effect, EffectProblem.CHANGED, f"{task.target} moved {MOST_REBUILDS} times during the merge"
        )

    def _there(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror, tip: str) -> str:
        """Others have merged the work: done, unless somebody has undone a part of it since."""
        undone = shown.taken_back(mirror.git, submission.base, submission.head, tip)
        if not undone:
            return self.recorder.finish(task, effect, tip)
        names = safe(", ".join(undone[:MOST_PATHS]), 200)
        words = f"{task.target} already contains {submission.head[:12]}, but has undone it in {names}"
        return self.recorder.fail(task, effect, EffectProblem.CHANGED, words)

    def _void(
        self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror, tip: str, merged: Merged, why: str
    ) -> str:
        """Ask again, with a submission of the same work whose diff is what the merge would bring in now.

        That is the same commit, compared with where it and the target part now. If that diff is not what the merge
        brings in (the target renamed what the work changes, or their histories cross), it is the merge itself,
        compared with the tip.
        """
        bases = shown.merge_bases(mirror.git, tip, submission.head)
        again = _seen_from(mirror, submission, submission.head, bases[0], self.recorder.opened.gateway.clock())
        if len(bases) > 1 or _differs(mirror, again, tip, merged):
            built = mirror.merge(tip, submission.head, f"Merge {task.target} into {task.id}", submission.at)
            commit = built.commit if isinstance(built, Merged) else merged.commit
            mirror.keep(task.id, task.version, commit)
            again = _seen_from(mirror, submission, commit, tip, self.recorder.opened.gateway.clock())
        words = f"{task.target} is at {tip[:12]}: {why}"
        self.recorder.perform(task, VoidEffect(effect.id, again, words))
        return f"asked again: {words}"

    def _move(self, task: Task, effect: Outbox, mirror: Mirror, expected: str, result: str) -> str | None:
        """Move the target by compare-and-set; None if it was elsewhere. Refused if a freeze covers the task."""
        with self.recorder.opened.gateway.store.reading() as reading:
            scope = covering(reading.house(), task)
        if scope is not None:
            hint = f"it goes on after: onloop unfreeze {scope}"
            raise Refused(f"{scope} is frozen, so {task.target} was not moved", exit=Exit.HELD, hint=hint)
        push_brought(mirror, expected, result)
        if isinstance(mirror.move(task.target, expected, result), Elsewhere):
            return None
        self.recorder.reached("moved")
        return self.recorder.finish(task, effect, result)

    def _verify(
        self, task: Task, submission: Submission, tip: str, merged: Merged
    ) -> tuple[EffectProblem, str, tuple[Flag, ...]] | None:
        """Run every gate that checks a commit on the merged result, unless it has passed on the same tree."""
        with self.recorder.opened.gateway.store.reading() as reading:
            definition = definition_of(reading, task)
        bare = GateSubject(task.id, definition.digest, merged.commit, merged.tree, tip, submission.artefacts)
        context = self.recorder.gate_context(task, definition, self.recorder.stopped)
        for step in definition.steps:
            subject = replace(bare, tolerates=accepted_failures(definition, task, step))
            for gate in step.machine_gates:
                known = merged.tree == submission.tree and task.passed(step.id, gate.id)
                if known or isinstance(gate, ArtefactGate):
                    continue
                found = evaluate(gate, subject, context)
                if found.verdict is not Verdict.PASS:
                    return EffectProblem.GATE_FAILED, f"on the merged result, {gate.id}: {found.summary}", ()
                if unshown := tuple(flag for flag in evidence_flags(found) if flag not in flags_of(task)):
                    return EffectProblem.FLAGGED, f"nobody was shown {flag_words(unshown)}", unshown
        return None


def _differs(mirror: Mirror, submission: Submission, tip: str, merged: Merged) -> str:
    """How the merge differs from the submission or from what was shown, in words; computed from the mirror only."""
    if mirror.tree(submission.head) != submission.tree:
        return f"{submission.head[:12]} does not have the submitted tree"
    if why := shown.unseen(mirror.git, submission.base, submission.head, tip, merged.commit):
        return why
    if set(mirror.authors(submission.base, submission.head)) != set(submission.authors):
        return f"{submission.head[:12]} does not have the submitted authors"
    return ""


def _clonable(mirror: Mirror, tip: str, merged: Merged) -> tuple[EffectProblem, str] | None:
    """Why a clone of the merged target would be incomplete; None if it would be complete."""
    brought = shown.differing(mirror.git, tip, merged.commit)
    trouble = unclonable(mirror, tip, merged.commit, brought)
    return (EffectProblem.UNCLONABLE, safe(trouble, 500)) if trouble else None


def _seen_from(mirror: Mirror, submission: Submission, head: str, base: str, at: int) -> Submission:
    """The submission of the same work with `head`, shown as the difference from `base`."""
    authors, change = mirror.authors(base, head), content_digest(mirror.git, base, head)
    return replace(submission, head=head, tree=mirror.tree(head), base=base, authors=authors, at=at, change=change)


def _message(task: Task, submission: Submission) -> str:
    """The merge commit's message: the task's title, who approved it, and where the proof is."""
    counted = [
        d
        for d in task.decisions
        if d.answer.value == "approve" and (d.head, d.base) == (submission.head, submission.base)
    ]
    approvals = [f"Approved-by: {d.by} ({d.assurance.value})" for d in counted]
    trailers = "\n".join([*dict.fromkeys(approvals), f"Onloop-Task: {task.id}", f"Onloop-Workflow: {task.definition}"])
    return f"{task.title}\n\n{trailers}\n"


def _conflict_words(task: Task, conflict: Conflict) -> str:
    return f"merging into {task.target} conflicts in {', '.join(conflict.paths[:10])}"
