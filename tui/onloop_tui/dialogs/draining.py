"""What a person can say about workers: drain, and go on."""

from __future__ import annotations

from onloop.machine.drains import DrainAsked, DrainLifted
from onloop.views.queries.worker_reads import WorkerNow
from onloop_tui.dialogs.marking import MarkWish
from onloop_tui.model.form.fields import FormField

_REASON = FormField("reason", "reason", optional=True, example="for the log; Esc asks nothing of it")


def drain_wish(worker: WorkerNow) -> MarkWish:
    """The wish that has a worker drain, asked for first; for one that drains, that it goes on."""
    if worker.drain_by:
        done = f"{worker.name} goes on, where it has not ended yet"
        return MarkWish("Go on", done, lambda by, _words: [DrainLifted(worker.id, by)])
    left = len(worker.at_work)
    ends = f"ends when {left} of its agents {'has' if left == 1 else 'have'}" if left else "ends at once"
    return MarkWish(
        f"Drain {worker.name}: it claims nothing more, and {ends}. Enter asks it to",
        f"{worker.name} drains; Z lets it go on",
        lambda by, words: [DrainAsked(worker.id, by, words["reason"])],
        (_REASON,),
    )
