"""The repositories of a run in the columns that a person chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onloop.machine.task import Task
from onloop.views.task_columns import COLUMNS, ColumnRow, ordered_ids, shared_words
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan, arranged_line, planned
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column
from onloop_tui.model.ground.places import NO_PLACES, Places, places_in
from onloop_tui.model.ground.rollup import Tally
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.tree_arrangement import MOST_ROWS, tree_column_row
from onloop_tui.model.tree.tree_rows import sign_as_of

_SIGN, _TASK = 12, 11


def repository_plan(wanted: RowArrangement, width: int, shared: Mapping[str, str]) -> ColumnPlan:
    """The columns that fit beside the sign and the id."""
    return planned(wanted, width - _SIGN - _TASK, shared)


def arranged_repository_heading(plan: ColumnPlan, order: str) -> Line:
    """The names of the columns."""
    lead = (column("state", _SIGN, Tone.DIM), column("task", _TASK, Tone.DIM))
    return (*lead, column("repository", plan.name, Tone.DIM), *plan.heading(order))


def arranged_repository(task: Task, plan: ColumnPlan, snapshot: Snapshot, now: int, width: int) -> Line:
    """A repository: how it stands, its task and its name, and the chosen columns."""
    sign = sign_as_of(task, Tally(), snapshot.house, now, snapshot.leases.get(task.id))
    lead = (sign.span(_SIGN), column(task.id, _TASK - 1, Tone.STRONG), Span(" "))
    name = column(task.repo or task.title, plan.name, Tone.UNTRUSTED)
    return arranged_line((*lead, name), plan, tree_column_row(task, snapshot, now), width)


def repository_places(tasks: Iterable[Task], snapshot: Snapshot, order: str, now: int) -> Places:
    """The places of the repositories in an order, as they are now; none without one."""
    if not order:
        return NO_PLACES
    return places_in(ordered_ids((tree_column_row(task, snapshot, now) for task in tasks), order))


def shared_in_run(tasks: Sequence[Task], wanted: RowArrangement) -> Mapping[str, str]:
    """What all of these repositories have in common in the chosen columns."""
    names = [name for name in wanted.columns if COLUMNS[name].is_shared]
    few = names and len(tasks) <= MOST_ROWS
    return shared_words([ColumnRow(task, 0) for task in tasks], names) if few else {}
