"""Agents in the columns that a person chose."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.views.task_columns import ColumnRow
from onloop_tui.model.agents.agent_rows import AgentRow
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import ColumnPlan, arranged_line, planned
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column
from onloop_tui.model.ground.snapshot import Snapshot

_SIGN, _TASK = 9, 11
_ROOMY = 78


def _agent_width(width: int) -> int:
    return 17 if width >= _ROOMY else 11


def agent_column_row(row: AgentRow, snapshot: Snapshot, now: int) -> ColumnRow:
    """What the cells of an agent's row are made of."""
    task = row.task
    parent = snapshot.tasks.get(task.parent or "")
    return ColumnRow(task, now, task.reason, parent, snapshot.viewer, row.lease.progress_at)


def plan_of(wanted: RowArrangement, width: int, shared: Mapping[str, str]) -> ColumnPlan:
    """The columns that fit beside the agent's name and its task."""
    return planned(wanted, width - _SIGN - _agent_width(width) - _TASK, shared)


def arranged_heading(plan: ColumnPlan, order: str, width: int) -> Line:
    """The names of the columns."""
    lead = (column("", _SIGN), column("agent", _agent_width(width), Tone.DIM), column("task", _TASK, Tone.DIM))
    return (*lead, column("owns", plan.name, Tone.DIM), *plan.heading(order))


def arranged_agent_line(row: AgentRow, plan: ColumnPlan, cells: ColumnRow, width: int) -> Line:
    """One agent: how alive it is, its name and task, what it owns, and the chosen columns."""
    agent = (column(row.name, _agent_width(width) - 1, Tone.STRONG), Span(" "))
    lead = (row.sign(cells.now).span(_SIGN), *agent, column(row.task.id, _TASK - 1), Span(" "))
    owned = column(row.owned(plan.name), plan.name, Tone.UNTRUSTED)
    return arranged_line((*lead, owned), plan, cells, width)
