"""What is said below the list of the agent under the cursor."""

from __future__ import annotations

from onloop_tui.model.agents.agent_rows import AgentRow, agent_detail
from onloop_tui.model.detail.row_detail import RowDetail, headed
from onloop_tui.model.drawing.text_line import Line, hanging, line
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.sheet.task_explanation import task_explanation


def agent_in_detail(row: AgentRow, snapshot: Snapshot, now: int) -> RowDetail:
    """An agent: what it holds and how it moves, then what would move its task on."""
    task = row.task

    def about(width: int) -> tuple[Line, ...]:
        return (
            *headed(row.name, f"{task.id} · {task.repo or task.title}", width),
            *hanging((), agent_detail(row, now), width),
            line(""),
            *task_explanation(task, snapshot, now, width),
        )

    return RowDetail(task.id, task, about)
