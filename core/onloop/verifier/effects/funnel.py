"""The funnel: what the children handed in becomes one commit, in the mirror only; its bundle is kept for others."""

from __future__ import annotations

from onloop.access.submission import hold_again, task_of
from onloop.gates.changes.change_reading import change_facts
from onloop.gates.intake.own_bundle import bundle_of
from onloop.gates.repository.merging import Conflict
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.shown import content_digest
from onloop.gateway.upkeep import KeepContent
from onloop.machine.commands import FinishFunnel, ReportConflict
from onloop.machine.task import Outbox, Submission, Task
from onloop.records import Record
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.views.children import funnelled


class FunnelEffect(Record):
    """Merges the children's commits in order; a conflict goes back to the children."""

    recorder: EffectRecorder

    def carry_out(self, task: Task, effect: Outbox, mirror: Mirror) -> str:
        """Merge what the children handed in, in order. Only the mirror changes, so it can be repeated."""
        opened = self.recorder.opened
        with opened.gateway.store.reading() as reading:
            parts = funnelled(reading, task)
        tip, submission = mirror.refresh(task.target), task.submission
        head, when = (
            (submission.head if submission else tip),
            max((part.at for _, part in parts), default=submission.at if submission else 0),
        )
        for child, part in parts:
            if not mirror.has(part.head):  # it was handed in at another gateway
                hold_again(opened, task_of(opened, child))
            merged = mirror.merge(head, part.head, f"Merge {child} into {task.id}", when)
            if isinstance(merged, Conflict):
                self.recorder.perform(task, ReportConflict(effect.id, child, merged.paths))
                return f"conflict: {child} in {', '.join(merged.paths[:10])}"
            head = merged.commit
        ref = mirror.keep(task.id, task.version, head)
        base = mirror.merge_base(head, tip)
        artefacts = submission.artefacts if submission else ()
        authors = mirror.authors(base, head)
        change, now = content_digest(mirror.git, base, head), opened.gateway.clock()
        content = bundle_of(mirror, ref, tip)
        bundle = opened.gateway.perform(KeepContent(content)) if content else ""
        facts = change_facts(mirror, base, head)
        tree = mirror.tree(head)
        done = Submission(head, tree, base, authors, artefacts, at=now, bundle=bundle, change=change, facts=facts)
        self.recorder.perform(task, FinishFunnel(effect.id, done))
        return f"done: {len(parts)} commits became {head[:12]}"
