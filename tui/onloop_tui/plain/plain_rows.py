"""The lists of the plain dashboard: what each row is about, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onloop_tui.bindings import Where
from onloop_tui.model.filter.filters import Filter
from onloop_tui.model.filter.narrowing import narrowed
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.order import InboxRow, shown_rows
from onloop_tui.model.spoken.spoken_row import agent_sentence, cause_sentence, event_sentence, task_sentence
from onloop_tui.session import Session

NEWEST = 100
"""The events that the log has."""


@dataclass(frozen=True, slots=True)
class PlainRow:
    """A row: its key, the task that it opens, its sentence, given place and count, and in the Inbox its cause."""

    key: str
    task: str
    sentence: Callable[[int, int], str]
    cause: InboxRow | None = None


def rows_of(view: Where, session: Session, snapshot: Snapshot, wanted: Filter) -> Sequence[PlainRow]:
    """The rows of a view that fit the filter."""
    now = session.clock()
    match view:
        case Where.TREE:
            return _tasks(snapshot, wanted, now)
        case Where.AGENTS:
            return _agents(snapshot, wanted, now)
        case Where.LOG:
            return _events(session, snapshot, wanted, now)
        case _:
            return _causes(snapshot, wanted, now)


def _causes(snapshot: Snapshot, wanted: Filter, now: int) -> list[PlainRow]:
    groups = narrowed(snapshot.groups, wanted, snapshot.tasks, now)
    return [
        PlainRow(
            row.key,
            row.group.members[0].task if row.group.has_tasks else "",
            lambda place, count, row=row: cause_sentence(row, place, count, now),  # type: ignore[misc]
            row,
        )
        for row in shown_rows(snapshot.board, groups, snapshot.tasks, now, snapshot.viewer)
    ]


def _tasks(snapshot: Snapshot, wanted: Filter, now: int) -> list[PlainRow]:
    """The tasks, those of the newest run first."""
    order = {run: -place for place, run in enumerate(dict.fromkeys(task.run for task in snapshot.tasks.values()))}
    fitting = (task for task in snapshot.tasks.values() if not wanted or wanted.matches(task, now, ""))
    return [
        PlainRow(task.id, task.id, lambda place, count, task=task: task_sentence(task, place, count, now))  # type: ignore[misc]
        for task in sorted(fitting, key=lambda task: order[task.run])
    ]


def _agents(snapshot: Snapshot, wanted: Filter, now: int) -> list[PlainRow]:
    held = [(lease, snapshot.tasks[lease.task]) for lease in snapshot.leases.values() if lease.task in snapshot.tasks]
    return [
        PlainRow(
            lease.task,
            lease.task,
            lambda place, count, lease=lease, task=task: agent_sentence(lease, task, place, count, now),  # type: ignore[misc]
        )
        for lease, task in held
        if not wanted or wanted.matches(task, now, "")
    ]


def _events(session: Session, snapshot: Snapshot, wanted: Filter, now: int) -> list[PlainRow]:
    """What happened, the newest first."""
    rows = []
    for event in reversed(session.log(limit=NEWEST, newest=True)):
        task = snapshot.tasks.get(event.task)
        if not wanted or (task is not None and wanted.matches(task, now, "")):
            said = event_sentence(event, now)
            sentence = lambda place, count, said=said: f"{place} of {count}: {said}"  # noqa: E731 - one for each
            rows.append(PlainRow(str(event.seq), event.task if task is not None else "", sentence))
    return rows
