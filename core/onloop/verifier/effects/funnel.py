"""The funnel: what the children handed in becomes one commit, in the mirror only."""

from __future__ import annotations

from onloop.gates.repository.merging import Conflict
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.shown import content_digest
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
        with self.recorder.opened.gateway.store.reading() as reading:
            parts = funnelled(reading, task)
        tip, submission = mirror.refresh(task.target), task.submission
        head, when = (
            (submission.head if submission else tip),
            max((part.at for _, part in parts), default=submission.at if submission else 0),
        )
        for child, part in parts:
            merged = mirror.merge(head, part.head, f"Merge {child} into {task.id}", when)
            if isinstance(merged, Conflict):
                self.recorder.perform(task, ReportConflict(effect.id, child, merged.paths))
                return f"conflict: {child} in {', '.join(merged.paths[:10])}"
            head = merged.commit
        mirror.keep(task.id, task.version, head)
        base = mirror.merge_base(head, tip)
        artefacts = submission.artefacts if submission else ()
        authors = mirror.authors(base, head)
        change, now = content_digest(mirror.git, base, head), self.recorder.opened.gateway.clock()
        done = Submission(head, mirror.tree(head), base, authors, artefacts, at=now, change=change)
        self.recorder.perform(task, FinishFunnel(effect.id, done))
        return f"done: {len(parts)} commits became {head[:12]}"
