"""A moment of the store that is looked at, and the snapshot of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.machine.definition import Definition
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Recorded
from onloop.times import second_words
from onloop.views.overview import Overview
from onloop.views.overview_projector import OverviewProjector, overview_of
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


def snapshot_then(known: Snapshot, found: StoreAt) -> Snapshot:
    """The snapshot of a moment, of what stands as it does in the `known` one and what stood otherwise."""
    otherwise = {task.id: task for task in found.tasks}
    gone = frozenset(found.gone)
    tasks = {name: otherwise.get(name, task) for name, task in known.tasks.items() if name not in gone}
    tasks.update((name, task) for name, task in otherwise.items() if name not in tasks)
    definitions = {**known.definitions, **found.definitions}
    return Snapshot(
        tasks=MappingProxyType(tasks),
        house=found.state,
        seq=found.seq,
        overview=_overview_then(known, found, tasks, definitions),
        definitions=definitions,
        viewer=known.viewer,
        scope=known.scope,
    )


def _overview_then(
    known: Snapshot, found: StoreAt, tasks: Mapping[str, Task], definitions: Mapping[str, Definition]
) -> Overview:
    """The overview of these tasks: gone on to from the known one, or counted anew where that is less."""
    if len(found.tasks) + len(found.gone) > len(tasks):
        return overview_of(tasks.values(), definitions)
    return OverviewProjector.resumed(known.overview, known.tasks, definitions).after(found.tasks, gone=found.gone)


def told_words(event: Recorded) -> str:
    """What happened, to which task, and by whom: for one line, whoever wrote it."""
    what, more = event_text_of(event)
    told = safe(f"{event.task}: {what}{f' · {more[:LONGEST_TOLD]}' if more else ''}")
    return f"event {event.seq}, {told} · by {safe(event.principal)}"
