"""The tree in the columns that a person chose: they stand below each other, however deep a task is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from onloop.machine.store_state import covering
from onloop.machine.task import Kind, Task
from onloop.views.effective_status import effective_status
from onloop.views.task_columns import COLUMNS, ColumnRow, shared_words
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan, arranged_line, planned
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, width_of
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.tree_rows import RowPosition, indent_of, sign_as_of

_SIGN, _FOLD = 11, 2
_ROOMY = 110
MOST_ROWS = 1_000
"""Of more rows than this nobody looks whether they share something: each says it."""


def tree_column_row(task: Task, snapshot: Snapshot, now: int) -> ColumnRow:
    """What the cells of a task's row are made of."""
    lease, parent = snapshot.leases.get(task.id), snapshot.tasks.get(task.parent or "")
    _, reason = effective_status(task, frozen=covering(snapshot.house, task), slot_free=True, now=now, lease=lease)
    moved = lease.progress_at if lease is not None else 0
    return ColumnRow(task, now, reason, parent, snapshot.viewer, moved)


def order_rows(snapshot: Snapshot, now: int) -> Iterator[ColumnRow]:
    """All tasks, as what they are ordered by wants them: without what a freeze or a silent agent changes."""
    tasks, leases = snapshot.tasks, snapshot.leases
    for task in tasks.values():
        lease = leases.get(task.id)
        moved = lease.progress_at if lease is not None else 0
        yield ColumnRow(task, now, task.reason, tasks.get(task.parent or ""), snapshot.viewer, moved)


def shared_in_tree(shown: Iterable[Task], wanted: RowArrangement) -> Mapping[str, str]:
    """What all of these tasks have in common; that of a fleet's root is said by its own row."""
    names = [name for name in wanted.columns if COLUMNS[name].is_shared]
    return shared_words([ColumnRow(task, 0) for task in shown if task.kind is Kind.WORK], names) if names else {}


def tree_plan(wanted: RowArrangement, width: int, shared: Mapping[str, str]) -> ColumnPlan:
    """The columns that fit beside the task's sign and id."""
    return planned(wanted, width - _FOLD - _SIGN - _id_width(width), shared)


def tree_heading(plan: ColumnPlan, order: str, width: int) -> Line:
    """The names of the columns."""
    lead = (column("", _FOLD + _SIGN), column("task", _id_width(width), Tone.DIM))
    return (*lead, column("name", plan.name, Tone.DIM), *plan.heading(order))


def arranged_row(
    task: Task, place: RowPosition, plan: ColumnPlan, cells: ColumnRow, snapshot: Snapshot, width: int
) -> Line:
    """The row of a task; the name of a deep one gives way to its place, and a parent says what is below it."""
    indent = indent_of(place)
    sign = sign_as_of(task, place.tally, snapshot.house, cells.now, snapshot.leases.get(task.id)).span(_SIGN)
    name = max(1, plan.name - (width_of(indent) - _FOLD))
    words = f"{task.title} · {place.tally.words}" if place.is_open is not None else cells.owns.owned(name)
    ids = (column(task.id, _id_width(width) - 1, Tone.STRONG), Span(" "))
    lead = (
        (*indent, sign, *ids, column(words, name - 1, Tone.UNTRUSTED), Span(" ")) if name > 1 else (*indent, sign, *ids)
    )
    return arranged_line(lead, plan, cells, width)


def _id_width(width: int) -> int:
    return 14 if width >= _ROOMY else 11
