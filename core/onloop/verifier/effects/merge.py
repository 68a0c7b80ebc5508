"""The merge: the submitted commit into the task's target, after its machine gates passed on the merged result."""

from __future__ import annotations

from onloop.errors import Exit, Refused
from onloop.gates.changes.change_reading import change_facts
from onloop.gates.contents.clonable import push_brought, unclonable
from onloop.gates.evaluation import GateSubject, evaluate
from onloop.gates.repository import shown
from onloop.gates.repository.merging import AlreadyThere, Conflict, Elsewhere, Merged
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.shown import content_digest
from onloop.machine.commands import StartEffect, VoidEffect
from onloop.machine.definition import ArtefactGate, ForgeGate, HttpGate
from onloop.machine.effect_specs import MergeSpec, MergeWay
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag, flag_words
from onloop.machine.links import LinkKind
from onloop.machine.rules.bypass_standing import bypasses_now, is_bypassed
from onloop.machine.rules.flagging import evidence_flags, flags_of
from onloop.machine.rules.looking_first import accepted_failures
from onloop.machine.store_state import covering
from onloop.machine.task import Outbox, Submission, Task, Verdict
from onloop.machine.way import way_to
from onloop.records import Record, replace
from onloop.text import safe
from onloop.verifier.effects.forge_effects import ForgeEffects
from onloop.verifier.effects.forge_merge import ended_elsewhere, merge_by_forge
from onloop.verifier.effects.merge_style import co_authors, styled
from onloop.verifier.effects.outside_deed import OutsideDeed
from onloop.verifier.effects.proof_text import title_of
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.views.pinned_workflow import definition_of

MOST_PATHS = 10
_OF_THE_HEAD = ArtefactGate | ForgeGate | HttpGate
"""Gates that were asked of what was handed in, and of nothing else."""
MOST_REBUILDS = 10
"""How often a merge is rebuilt because the target has moved, before a person is asked."""


class MergeEffect(Record):
    """Merges only what people were shown; if the merge would differ, it asks again."""

    recorder: EffectRecorder
    outside: ForgeEffects

    def carry_out(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror) -> str:
        """Begin the merge, or finish one whose intent is recorded; the answer says how it ended."""
        deed = self.outside.deed(task, effect, submission, mirror)
        spec = deed.step.effect_spec
        how = spec if isinstance(spec, MergeSpec) else MergeSpec()
        if effect.expected is not None and effect.result is not None:
            if how.via is MergeWay.PUSH:
                return self._resume(task, effect, mirror)
            return ended_elsewhere(deed) or (self._wait if how.auto else self._merge)(deed, how)
        return self._ended_elsewhere(deed) or self._merge(deed, how)

    def _wait(self, deed: OutsideDeed, how: MergeSpec) -> str:
        """The forge merges by itself: its rules or its queue, which we answer, keep it from what was not looked at."""
        expected = deed.effect.expected or ""
        done = merge_by_forge(deed, how, expected, self._words(deed), lambda sha: self._vouched(deed, sha))
        return done or self.recorder.fail(deed.task, deed.effect, EffectProblem.CHANGED, f"{deed.task.target} moved")

    def _ended_elsewhere(self, deed: OutsideDeed) -> str | None:
        """What became of the task's pull request without us, where it has one, and a forge that can be asked."""
        has_one = any(link.kind is LinkKind.PULL_REQUEST for link in deed.task.links) and deed.is_declared
        return ended_elsewhere(deed) if has_one and deed.linked(LinkKind.PULL_REQUEST) is not None else None

    def _words(self, deed: OutsideDeed) -> str:
        return _message(deed.task, deed.submission, co_authors(deed.mirror, deed.submission.base, deed.submission.head))

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

    def _merge(self, deed: OutsideDeed, how: MergeSpec) -> str:
        task, effect, submission, mirror = deed.task, deed.effect, deed.submission, deed.mirror
        for _ in range(MOST_REBUILDS):
            tip = mirror.refresh(task.target)
            if not shown.merge_bases(mirror.git, tip, submission.head):
                words = f"{task.target} at {tip[:12]} has no history in common with the work any more"
                return self.recorder.fail(task, effect, EffectProblem.CHANGED, words)
            merged = mirror.merge(tip, submission.head, self._words(deed), submission.at)
            if isinstance(merged, AlreadyThere):
                return self._there(task, effect, submission, mirror, tip)
            if isinstance(merged, Conflict):
                return self.recorder.fail(task, effect, EffectProblem.CONFLICT, _conflict_words(task, merged))
            if why := _differs(mirror, submission, tip, merged):
                return self._void(task, effect, submission, mirror, tip, merged, why)
            is_new = tip != effect.expected  # else that was looked at before the intent was recorded
            problem = self._problem(deed, tip, merged) if is_new else None
            if problem is not None:
                return self.recorder.fail(task, effect, *problem)
            if done := self._land(deed, how, tip, merged):
                return done
        return self.recorder.fail(
            task, effect, EffectProblem.CHANGED, f"{task.target} moved {MOST_REBUILDS} times during the merge"
        )

    def _land(self, deed: OutsideDeed, how: MergeSpec, tip: str, merged: Merged) -> str | None:
        """What was verified gets to the target, by the forge or by a push of ours; None if the target was elsewhere."""
        words = self._words(deed)
        if how.via is MergeWay.PULL_REQUEST:
            known = "" if how.auto else merged.tree
            return merge_by_forge(deed, how, tip, words, lambda sha: self._vouched(deed, sha, known))
        result = styled(deed.mirror, how.style, deed.submission, tip, merged, words).commit
        self.recorder.reached("built")
        self.recorder.perform(deed.task, StartEffect(deed.effect.id, tip, result))
        self.recorder.reached("recorded")
        return self._move(deed.task, deed.effect, deed.mirror, tip, result)

    def _vouched(self, deed: OutsideDeed, commit: str, known: str = "") -> str:
        """Why what a forge made of the work is not to be merged: it is not what was shown, or a gate fails on it.

        Empty where nothing is wrong, or where its tree is the `known` one, which was looked at.
        """
        if known and deed.mirror.tree(commit) == known:
            return ""
        base = deed.mirror.git.text("rev-parse", "--verify", f"{commit}^1^{{commit}}").strip()
        made = Merged(commit, deed.mirror.tree(commit))
        if why := _differs(deed.mirror, deed.submission, base, made):
            return why
        problem = self._verify(deed.task, deed.submission, base, made)
        return problem[1] if problem is not None else ""

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
        """Move the target by compare-and-set; None if it was elsewhere.

        Refused if a freeze covers the task, or another verifier may have begun on it.
        """
        with self.recorder.opened.gateway.store.reading() as reading:
            self.recorder.check_lease(reading, task)
            scope = covering(reading.house(), task)
        if scope is not None:
            hint = f"it goes on after: onloop unfreeze {scope}"
            raise Refused(f"{scope} is frozen, so {task.target} was not moved", exit=Exit.HELD, hint=hint)
        push_brought(mirror, expected, result)
        if isinstance(mirror.move(task.target, expected, result), Elsewhere):
            return None
        self.recorder.reached("moved")
        return self.recorder.finish(task, effect, result)

    def _problem(
        self, deed: OutsideDeed, tip: str, merged: Merged
    ) -> tuple[EffectProblem, str] | tuple[EffectProblem, str, tuple[Flag, ...]] | None:
        """Why the merge may not get to the target; None if it may."""
        return _clonable(deed.mirror, tip, merged) or self._verify(deed.task, deed.submission, tip, merged)

    def _verify(
        self, task: Task, submission: Submission, tip: str, merged: Merged
    ) -> tuple[EffectProblem, str, tuple[Flag, ...]] | None:
        """Run every gate of the way taken on the merged result, unless it passed on that tree or is bypassed."""
        with self.recorder.opened.gateway.store.reading() as reading:
            definition, house = definition_of(reading, task), reading.house()
        voters = {**house.former_groups, **house.groups}
        bare = GateSubject(task.id, definition.digest, merged.commit, merged.tree, tip, submission.artefacts)
        context = self.recorder.gate_context(task, definition, self.recorder.stopped)
        for step in way_to(definition, task):
            subject = replace(bare, tolerates=accepted_failures(definition, task, step))
            for gate in step.machine_gates:
                known = merged.tree == submission.tree and task.passed(step.id, gate.id)
                if known or isinstance(gate, _OF_THE_HEAD) or is_bypassed(task, step, gate, voters):
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
    facts, tree = change_facts(mirror, base, head), mirror.tree(head)
    return replace(submission, head=head, tree=tree, base=base, authors=authors, at=at, change=change, facts=facts)


def _message(task: Task, submission: Submission, authors: tuple[str, ...]) -> str:
    """The merge commit's message: the task's title, who approved it, and where the proof is."""
    counted = [
        d
        for d in task.decisions
        if d.answer.value == "approve" and (d.head, d.base) == (submission.head, submission.base)
    ]
    approvals = [f"Approved-by: {d.by} ({d.assurance.value})" for d in counted]
    bypassed = [f"Bypassed-by: {b.by} ({b.step}:{b.gate})" for b in bypasses_now(task)]
    said = dict.fromkeys((*authors, *approvals, *bypassed))
    trailers = "\n".join([*said, f"Onloop-Task: {task.id}", f"Onloop-Workflow: {task.definition}"])
    return f"{title_of(task.title)}\n\n{trailers}\n"


def _conflict_words(task: Task, conflict: Conflict) -> str:
    return f"merging into {task.target} conflicts in {', '.join(conflict.paths[:10])}"
