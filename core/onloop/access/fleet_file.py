"""Fleets as code: a file says what a fleet is begun with, so that it is reviewed before and can be repeated.

It is as strict as a workflow file, and its problems have line and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from onloop.access.fleet_order import FleetOrder, WavesAsked
from onloop.errors import BadInput
from onloop.machine.definition import Assurance
from onloop.machine.wave_plan import SlotLimits
from onloop.patterns.wave_sizes import check_waves, halt_rule
from onloop.records import replace
from onloop.workflow.model import PERSON, WORKFLOW_NAME, WorkflowPart, complaint
from onloop.workflow.model.field_values import Share
from onloop.workflow.positioned_tree import Fault
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in

FOLDER = ".onloop/fleets"

Text = Annotated[str, Field(min_length=1, max_length=4_096)]
Parallel = Annotated[int, Field(ge=1, le=100_000)]


def _word(given: Any) -> Any:
    """A size of a wave as a word: YAML reads 5 as a number, and 5% and rest as texts."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _gate(given: Any) -> Any:
    if given == "human":
        return {}
    if not isinstance(given, dict):
        raise complaint("that is no gate between waves", "write gate: human, or gate: {from: [approvers]}")
    return given


class TargetsPart(WorkflowPart):
    """Where the targets come from: one of these."""

    file: Text | None = Field(default=None, description="a file with one target a line; its path is below this file")
    glob: Text | None = Field(default=None, description="a pattern of folders below this file, such as repos/*/*.git")
    command: Annotated[list[Text], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="a program and its words, run in this file's folder, that prints targets"
    )
    forge: Text | None = Field(default=None, description="the host of a declared forge, such as github.com")
    query: Text | None = Field(default=None, description="what finds repositories there, in the forge's own words")


class HaltPart(WorkflowPart):
    """When the fleet stops by itself."""

    failed: Share | None = Field(default=None, description="the share of a wave that may not fail")
    of: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="how many of a wave are judged before the share is looked at"
    )
    alike: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="how many tasks of a wave may not fail with one cause"
    )


class WaveGatePart(WorkflowPart):
    """A person says between two waves whether the next may begin."""

    approvers: Annotated[list[Annotated[str, Field(pattern=PERSON)]], Field(min_length=1, max_length=50)] | None = (
        Field(
            default=None, alias="from", description="groups or people of whom one decides; without it, anybody enrolled"
        )
    )
    assurance: Literal["A0", "A1", "A2", "A3", "A4"] = Field(
        default="A0", description="what must be proved about them at least"
    )


class FleetFilePart(WorkflowPart):
    """A fleet file."""

    fleet: Annotated[str, Field(pattern=WORKFLOW_NAME, description="what the fleet is called")]
    workflow: Annotated[str, Field(min_length=1, max_length=1_000, description="a built-in, or a file in `control`")]
    title: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="what must be done, in one line"
    )
    control: Text | None = Field(default=None, description="the repository that holds the workflow's file")
    control_branch: Text | None = Field(default=None, description="its branch")
    targets: TargetsPart = Field(description="the repositories")
    waves: (
        Annotated[
            list[Annotated[str, BeforeValidator(_word), Field(max_length=20)]], Field(min_length=1, max_length=50)
        ]
        | None
    ) = Field(default=None, description="the sizes of the waves, or shares of the fleet; the last is rest")
    gate: Annotated[WaveGatePart, BeforeValidator(_gate)] | None = Field(
        default=None, description="human, or who decides between waves"
    )
    halt: HaltPart | None = Field(default=None, description="when the fleet stops by itself")
    max_parallel: Parallel | None = Field(default=None, description="how many targets are worked on at once")
    max_per_host: Parallel | None = Field(default=None, description="the same for each host of origins")
    max_per_owner: Parallel | None = Field(default=None, description="the same for each owner")
    labels: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=20)] | None = Field(
        default=None, description="labels that workers can choose by"
    )


_SHAPE = FileShape(
    FleetFilePart,
    {(): "a fleet", ("targets",): "targets", ("halt",): "halt", ("gate",): "a gate"},
    {
        WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as kvlite-2",
        PERSON: "write a person's or group's name without human: before it, such as approvers",
    },
    {},
    {},
)


def load_fleet(source: bytes, name: str) -> FleetFilePart:
    """What a fleet file says, or WorkflowError with every problem as `file:line:col: …`."""
    hint = "onloop help fleets shows a fleet file"
    return part_in(source, name, FleetFilePart, _SHAPE, senseless=_senseless, hint=hint)


def _senseless(fleet: FleetFilePart) -> Iterator[Fault]:
    """What has the right shape, and could not mean anything."""
    given = [name for name in ("file", "glob", "command", "query") if getattr(fleet.targets, name) is not None]
    if len(given) != 1:
        told = f"targets has {' and '.join(given)}" if given else "targets names nothing"
        yield Fault(("targets",), told, "give one of file, glob, command and query")
    if (fleet.targets.forge is None) != (fleet.targets.query is None):
        yield Fault(("targets",), "forge and query belong together", 'query: "org:acme topic:python"')
    if fleet.waves is not None:
        try:
            check_waves(fleet.waves)
        except BadInput as problem:
            yield Fault(("waves",), problem.message, problem.hint)
    if fleet.gate is not None and (fleet.waves is None or len(fleet.waves) == 1):
        yield Fault(("gate",), "a fleet of one wave has nothing between waves", "divide it: waves: [1, 5, 25, rest]")
    if fleet.halt is not None:
        try:
            halt_rule(fleet.halt.failed, fleet.halt.of, fleet.halt.alike)
        except BadInput as problem:
            yield Fault(("halt",), problem.message, problem.hint)


def order_in(part: FleetFilePart) -> FleetOrder:
    """How a fleet is begun, as its file says it; what is attached is not stored."""
    halt, gate = part.halt, part.gate
    rule = halt_rule(halt.failed, halt.of, halt.alike) if halt is not None else halt_rule(None, None, None)
    asked = WavesAsked(
        tuple(part.waves or ()),
        gate is not None,
        rule,
        tuple(gate.approvers or ()) if gate is not None else (),
        Assurance(gate.assurance) if gate is not None else Assurance.A0,
    )
    limits = SlotLimits(part.max_per_host or 0, part.max_per_owner or 0)
    order = FleetOrder(part.title or "", part.max_parallel, limits, asked)
    return replace(order, given=replace(order.given, labels=tuple(part.labels or ())))
