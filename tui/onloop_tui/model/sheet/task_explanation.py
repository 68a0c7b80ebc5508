"""`w` on a task: its state, what would move it, who can do that, and the same on the command line."""

from __future__ import annotations

from onloop.attention.why import why
from onloop.machine.held_roles import hold_of
from onloop.machine.store_state import covering
from onloop.machine.task import Task
from onloop.views.effective_status import effective_status
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.sheet.sub_agent_lines import sub_agent_lines

_LABEL = 12


def task_explanation(task: Task, snapshot: Snapshot, now: int, width: int) -> tuple[Line, ...]:
    """The task's state at `now` and what would move it, as labelled lines."""
    freeze = covering(snapshot.house, task)
    state, reason = effective_status(task, frozen=freeze, slot_free=True, now=now, lease=snapshot.leases.get(task.id))
    run, hold = snapshot.tasks.get(task.run), hold_of(snapshot.house.roles, task)
    rows = (
        shown
        for label, words in why(task, state, reason, freeze, now, run=run, hold=hold)
        for shown in hanging((Span(label.ljust(_LABEL), Tone.DIM),), words, width)
    )
    return (*rows, *sub_agent_lines(snapshot.sub_agents.get(task.id, ()), now, width))
