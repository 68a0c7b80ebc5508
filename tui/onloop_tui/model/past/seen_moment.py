"""A moment of the store that is looked at, and the snapshot of it."""

from __future__ import annotations

from types import MappingProxyType

from onloop.records import Record
from onloop.store.port import Recorded
from onloop.times import second_words
from onloop.views.overview_projector import overview_of
from onloop.views.queries.store_at import StoreAt
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.log.event_words import event_text_of

READ_ONLY = "read-only: this is as it stood; Esc goes back to now"
"""Why nothing can be decided."""
LONGEST_TOLD = 200


class SeenMoment(Record):
    """The moment that is looked at: the newest event by then, and when that was (ms)."""

    seq: int
    at: int
    archived: int = 0

    @property
    def label(self) -> Line:
        """What the header says first."""
        when = f"AS IT STOOD AT {second_words(self.at)}, event {self.seq}" if self.seq else "BEFORE THE FIRST EVENT"
        unknown = "leases unknown" if not self.archived else f"leases and {self.archived} archived runs unknown"
        return (Span(f" {when} ", Tone.ACCENT), Span(f" read-only · Esc: now · {unknown}", Tone.WARN))


def snapshot_then(live: Snapshot, found: StoreAt) -> Snapshot:
    """The snapshot of a moment, of what stands as it does now and what stood otherwise."""
    otherwise = {task.id: task for task in found.tasks}
    gone = frozenset(found.gone)
    tasks = {name: otherwise.get(name, task) for name, task in live.tasks.items() if name not in gone}
    definitions = {**live.definitions, **found.definitions}
    return Snapshot(
        tasks=MappingProxyType(tasks),
        house=found.state,
        seq=found.seq,
        overview=overview_of(tasks.values(), definitions),
        definitions=definitions,
        viewer=live.viewer,
        scope=live.scope,
    )


def told_words(event: Recorded) -> str:
    """What happened, to which task, and by whom: for one line, whoever wrote it."""
    what, more = event_text_of(event)
    told = safe(f"{event.task}: {what}{f' · {more[:LONGEST_TOLD]}' if more else ''}")
    return f"event {event.seq}, {told} · by {safe(event.principal)}"
