"""Reads `.onloop/schedules.yaml`: as strict as a workflow file, every problem with line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from onloop.errors import BadInput
from onloop.machine.schedules import LONGEST_JITTER_MS, MOST_SCHEDULES, Missed, Overlap, Schedule, ScheduledStart
from onloop.schedules.planned_times import check_cron
from onloop.text import safe
from onloop.workflow.builtins import builtins
from onloop.workflow.model import WORKFLOW_NAME, WorkflowPart
from onloop.workflow.model.field_values import Pause
from onloop.workflow.positioned_tree import Fault
from onloop.workflow.schema import schema_of_file
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in
from onloop.workflow.zones import zone_named

FILE = ".onloop/schedules.yaml"
LARGEST_SCHEDULES = 262_144
"""How many bytes such a file may have."""

_Text = Annotated[str, Field(min_length=1, max_length=4_096)]
_Short = Annotated[str, Field(min_length=1, max_length=200)]


class BeginningPart(WorkflowPart):
    """What begins: a workflow in a repository, or a fleet."""

    workflow: _Text | None = Field(default=None, description="a built-in, or a file committed in `control`")
    repo: _Text | None = Field(default=None, description="with workflow: the repository, a URL or a path")
    branch: _Short | None = Field(default=None, description="the branch that effects move (default: that of HEAD)")
    fleet: _Text | None = Field(default=None, description="in place of a workflow: a fleet file committed in `control`")
    control: _Text | None = Field(default=None, description="the repository with the file (default: repo)")
    control_branch: _Short | None = Field(default=None, description="its branch (default: that of its HEAD)")
    title: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="what must be done, in one line"
    )
    brief: Annotated[str, Field(min_length=1, max_length=20_000)] | None = Field(
        default=None, description="what every brief of the run quotes"
    )
    labels: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=19)] = Field(
        default=[], description="labels that workers can choose by"
    )


class SchedulePart(WorkflowPart):
    """A schedule."""

    id: Annotated[str, Field(pattern=WORKFLOW_NAME, description="its name, such as nightly-updates")]
    cron: Annotated[str, Field(min_length=1, max_length=200, examples=["30 2 * * *", "0 9 * * MON-FRI"])] = Field(
        description="minute, hour, day, month and weekday; names and ranges as cron has them"
    )
    zone: Annotated[str, Field(min_length=1, max_length=100, examples=["Europe/Berlin", "UTC"])] = Field(
        description="whose wall clock is meant: a zone of IANA"
    )
    do: BeginningPart = Field(description="what begins")
    overlap: Literal["skip", "queue", "replace"] = Field(
        default="skip", description="what happens while an earlier run of it goes on"
    )
    jitter: Pause = Field(default=0, description="each firing is put off by a part of this, always the same")
    missed: Literal["once", "skip"] = Field(
        default="once", description="whether a firing at whose time nobody was there runs late, once, or not at all"
    )


class SchedulesFilePart(WorkflowPart):
    """A file of schedules."""

    schedules: Annotated[list[SchedulePart], Field(min_length=1, max_length=MOST_SCHEDULES)] = Field(
        description="what begins by the clock"
    )


_SHAPE = FileShape(
    SchedulesFilePart,
    {(): "a file of schedules", ("schedules",): "a schedule", ("do",): "what begins"},
    {WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as nightly-updates"},
    {},
    {},
)


def schedules_schema() -> dict[str, Any]:
    """The JSON Schema of such files."""
    return schema_of_file(SchedulesFilePart, "onloop schedules")


def load_schedules(source: bytes, name: str) -> tuple[Schedule, ...]:
    """The schedules in the bytes of a file called `name`; WorkflowError with every problem as `file:line:col: …`."""
    hint = "onloop help schedules shows such a file"
    file = part_in(source, name, SchedulesFilePart, _SHAPE, senseless=_senseless, hint=hint, largest=LARGEST_SCHEDULES)
    return tuple(map(_schedule, file.schedules))


def _schedule(part: SchedulePart) -> Schedule:
    do = part.do
    begins = ScheduledStart(
        workflow=do.workflow or "",
        fleet=do.fleet or "",
        origin=do.repo or "",
        branch=do.branch or "",
        control=do.control or "",
        control_branch=do.control_branch or "",
        title=do.title or "",
        brief=do.brief or "",
        labels=tuple(do.labels),
    )
    return Schedule(
        part.id, " ".join(part.cron.split()), part.zone, begins, Overlap(part.overlap), Missed(part.missed), part.jitter
    )


def _senseless(file: SchedulesFilePart) -> Iterator[Fault]:
    """What has the right shape, and could not mean anything."""
    names = list[str]()
    for number, part in enumerate(file.schedules):
        at = ("schedules", number)
        if part.id in names:
            yield Fault((*at, "id"), f"schedule {part.id!r} is here twice", "give each one an id of its own")
        names.append(part.id)
        yield from _complaint((*at, "cron"), lambda part=part: check_cron(part.cron))  # type: ignore[misc]
        yield from _complaint((*at, "zone"), lambda part=part: zone_named(part.zone))  # type: ignore[misc]
        if part.jitter > LONGEST_JITTER_MS:
            yield Fault((*at, "jitter"), "jitter is longer than an hour", "give 1h or less")
        yield from _senseless_beginning((*at, "do"), part.do)


def _complaint(at: tuple[str | int, ...], check: Callable[[], object]) -> Iterator[Fault]:
    try:
        check()
    except BadInput as problem:
        yield Fault(at, problem.message, problem.hint)


def _senseless_beginning(at: tuple[str | int, ...], do: BeginningPart) -> Iterator[Fault]:
    if (do.workflow is None) == (do.fleet is None):
        told = "names a workflow and a fleet" if do.fleet else "names nothing that begins"
        yield Fault(at, f"do {told}", "give one of workflow and fleet")
    elif do.workflow is not None and do.repo is None:
        yield Fault(at, "do names no repository", "add repo: URL-OR-PATH")
    elif do.fleet is not None and do.control is None:
        yield Fault((*at, "fleet"), "the fleet's file is in no repository", "add control: URL-OR-PATH")
    elif do.fleet is not None and (do.repo is not None or do.branch is not None):
        yield Fault(at, "a fleet has repositories of its own", "leave repo and branch out")
    elif do.workflow is not None and do.workflow not in builtins() and not do.workflow.endswith((".yaml", ".yml")):
        hint = f"name a file in the repository, or one of: {', '.join(builtins())}"
        yield Fault((*at, "workflow"), f"there is no built-in workflow {safe(do.workflow, 60)!r}", hint)
