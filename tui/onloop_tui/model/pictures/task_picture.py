"""What the pictures of a task are drawn from, and all of them as lines."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.machine.definition import Definition
from onloop.machine.task import Kind, Task
from onloop.views.reporting.pace import Estimate
from onloop.views.reporting.report_records import RunHistory
from onloop.views.reporting.timelines import Timeline
from onloop_tui.model.drawing.text_line import Line, Tone, heading, line
from onloop_tui.model.fleet.burndown import pace_lines
from onloop_tui.model.pictures.gantt_lines import gantt_lines
from onloop_tui.model.pictures.way_lines import way_lines

NOT_ESTIMATED = Estimate(0)


@dataclass(frozen=True, slots=True)
class TaskPicture:
    """A task with its workflow and its times; of a run's root also how the run went, and the estimate for the rest."""

    task: Task
    definition: Definition
    timeline: Timeline
    history: RunHistory | None = None
    told: Estimate = NOT_ESTIMATED


def picture_lines(picture: TaskPicture, width: int) -> tuple[Line, ...]:
    """What its time went to; of a run its open tasks and the forecast; then its workflow with its way lit."""
    lines = [heading("time", width), *gantt_lines(picture.timeline, width), line("")]
    if picture.history is not None:
        paced = pace_lines(picture.history, picture.told, 0, width)
        lines += [heading("open tasks", width), *(paced or (line("none was ever open", Tone.DIM),)), line("")]
    lines.append(heading(f"workflow {picture.definition.name}", width))
    if picture.task.kind is Kind.FLEET:
        return (*lines, *way_lines(picture.definition, None))
    return (*lines, *way_lines(picture.definition, picture.task))
