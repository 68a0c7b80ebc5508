"""A file that says how simulated agents, gates and people behave: strict YAML, with line and column in every error."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.simulation import conduct as c
from onloop.workflow.model import GATE_ID, Timeout, WorkflowPart, complaint
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in

LARGEST = 262_144
"""How many bytes such a file may have."""

_SHARE = r"^[0-9]{1,3}(\.[0-9])?%$"
_CLOCK = r"^([01][0-9]|2[0-4]):[0-5][0-9]$"


def _thousandths(given: Any) -> Any:
    if not isinstance(given, str) or not re.fullmatch(_SHARE, given) or float(given[:-1]) > 100:
        raise complaint(f"{str(given)[:40]!r} is not a share", "write it as 2% or as 0.5%, at most 100%")
    return round(float(given[:-1]) * 10)


def _since_midnight(given: Any) -> Any:
    if not isinstance(given, str) or not re.fullmatch(_CLOCK, given) or given > "24:00":
        raise complaint(f"{str(given)[:40]!r} is not a time of day", "write it as 09:00, in UTC")
    hours, minutes = given.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


def _text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Share = Annotated[int, BeforeValidator(_thousandths), _text(_SHARE, "2%")]
TimeOfDay = Annotated[int, BeforeValidator(_since_midnight), _text(_CLOCK, "09:00")]
Words = Annotated[str, Field(min_length=1, max_length=500)]


class TimeSpanPart(WorkflowPart):
    """How long something takes: half of the times at most `half`, nine of ten at most `most`."""

    half: Annotated[Timeout, Field(description="what half of the times do not exceed")]
    most: Annotated[Timeout, Field(description="what nine of ten do not exceed")]


class AgentsPart(WorkflowPart):
    """What agents do with a try at a step."""

    work: TimeSpanPart | None = Field(default=None, description="how long they work until they hand in")
    crashes: Share = Field(default=c.AgentConduct().crashes, description="tries in which the agent ends with an error")
    vanishes: Share = Field(default=c.AgentConduct().vanishes, description="tries in which its worker is killed")
    asks: Share = Field(default=c.AgentConduct().asks, description="tries in which it asks a person")
    gives_up: Share = Field(default=c.AgentConduct().gives_up, description="tries in which it says that it cannot")
    fails_review: Share = Field(default=c.AgentConduct().fails_review, description="reviews that say no")


class GatesPart(WorkflowPart):
    """How long gates run, and how often one fails for no lasting cause, or cannot be run."""

    time: TimeSpanPart | None = Field(default=None, description="how long one runs")
    fails: Share = Field(default=c.GateConduct().fails, description="runs that fail although nothing lasting is wrong")
    errors: Share = Field(default=c.GateConduct().errors, description="runs that could not be started")


class EffectsPart(WorkflowPart):
    """How long merges take, and how often they conflict."""

    time: TimeSpanPart | None = Field(default=None, description="how long one takes")
    conflicts: Share = Field(default=c.EffectConduct().conflicts, description="merges that conflict")


class PeoplePart(WorkflowPart):
    """How many people decide, how soon, and what they say."""

    count: Annotated[int, Field(ge=1, le=100)] = Field(default=c.PeopleConduct().count, description="how many decide")
    notice: TimeSpanPart | None = Field(default=None, description="how long until one looks at what is asked")
    decide: TimeSpanPart | None = Field(default=None, description="how long one decision takes")
    rejects: Share = Field(default=c.PeopleConduct().rejects, description="approvals that are refused")
    retries: Share = Field(default=c.PeopleConduct().retries, description="blocked tasks that are tried again")
    from_: TimeOfDay = Field(default=0, alias="from", description="when their day begins, in UTC")
    until: TimeOfDay = Field(default=0, description="when it ends; equal to `from` means all day")


class CausePart(WorkflowPart):
    """Something that is wrong with a share of the repositories."""

    name: Annotated[Words, Field(description="what it is called in the forecast")]
    share: Annotated[Share, Field(description="of how many repositories")]
    words: Annotated[Words, Field(description="what the failing gate says, by which failures are grouped")]
    gate: Annotated[str, Field(pattern=GATE_ID)] | None = Field(
        default=None, description="the gate that fails (default: the first that runs a command)"
    )
    mended: Share = Field(default=0, description="rounds in which the agent mends it")
    mended_by_people: Share = Field(default=700, description="how often a person mends it before they retry")


class ConductFile(WorkflowPart):
    """How simulated agents, gates, effects and people behave. What is left out is as usual."""

    agents: AgentsPart = Field(default=AgentsPart(), description="what agents do")
    gates: GatesPart = Field(default=GatesPart(), description="what gates do")
    effects: EffectsPart = Field(default=EffectsPart(), description="what merges do")
    people: PeoplePart = Field(default=PeoplePart(), description="what people do")
    causes: Annotated[list[CausePart], Field(max_length=100)] | None = Field(
        default=None, description="what is wrong with repositories (default: six common causes)"
    )


_SHAPE = FileShape(
    ConductFile,
    {
        (): "a conduct file",
        ("agents",): "agents",
        ("gates",): "gates",
        ("effects",): "effects",
        ("people",): "people",
        ("causes",): "a cause",
    },
    {GATE_ID: "use small letters, digits, - and _, such as unit-tests"},
    {},
    {},
)


def load_conduct(source: bytes, file: str) -> c.Conduct:
    """The conduct in the bytes of its file, or WorkflowError with every problem as `file:line:col: …`."""
    hint = "onloop simulate --print-conduct shows such a file"
    return _conduct(part_in(source, file, ConductFile, _SHAPE, senseless=lambda _: (), hint=hint, largest=LARGEST))


def _conduct(file: ConductFile) -> c.Conduct:
    usual, agents, people = c.Conduct(), file.agents, file.people
    return c.Conduct(
        agents=c.AgentConduct(
            work=_span(agents.work, usual.agents.work),
            crashes=agents.crashes,
            vanishes=agents.vanishes,
            asks=agents.asks,
            gives_up=agents.gives_up,
            fails_review=agents.fails_review,
        ),
        gates=c.GateConduct(_span(file.gates.time, usual.gates.time), file.gates.fails, file.gates.errors),
        effects=c.EffectConduct(_span(file.effects.time, usual.effects.time), file.effects.conflicts),
        people=c.PeopleConduct(
            count=people.count,
            notice=_span(people.notice, usual.people.notice),
            decide=_span(people.decide, usual.people.decide),
            rejects=people.rejects,
            retries=people.retries,
            day=(people.from_, people.until),
        ),
        causes=usual.causes if file.causes is None else tuple(_cause(each) for each in file.causes),
    )


def _span(given: TimeSpanPart | None, usual: c.TimeSpan) -> c.TimeSpan:
    return usual if given is None else c.TimeSpan(given.half, max(given.half, given.most))


def _cause(given: CausePart) -> c.Cause:
    return c.Cause(given.name, given.share, given.words, given.gate or "", given.mended, given.mended_by_people)


def written_conduct() -> str:
    """The usual conduct as such a file, to begin one of your own with."""
    return "\n".join((*_written_parts(c.Conduct()), *_written_causes(c.COMMON_CAUSES))) + "\n"


def _written_parts(usual: c.Conduct) -> tuple[str, ...]:
    agents, gates, effects, people = usual.agents, usual.gates, usual.effects, usual.people
    shares = ("crashes", "vanishes", "asks", "gives_up", "fails_review")
    return (
        "# How agents, gates and people behave in onloop simulate --conduct FILE. Leave out what is as usual.",
        "agents:",
        f"  work: {_spelled(agents.work)} # until an agent hands in",
        *(f"  {name}: {_percent(getattr(agents, name))}" for name in shares),
        "gates:",
        f"  time: {_spelled(gates.time)}",
        f"  fails: {_percent(gates.fails)} # although nothing lasting is wrong",
        f"  errors: {_percent(gates.errors)} # could not be run",
        "effects:",
        f"  time: {_spelled(effects.time)}",
        f"  conflicts: {_percent(effects.conflicts)}",
        "people:",
        f"  count: {people.count}",
        f"  notice: {_spelled(people.notice)}",
        f"  decide: {_spelled(people.decide)}",
        f"  rejects: {_percent(people.rejects)}",
        f"  retries: {_percent(people.retries)}",
        '  from: "00:00" # their day, in UTC; equal times mean all day',
        '  until: "00:00"',
    )


def _written_causes(causes: tuple[c.Cause, ...]) -> tuple[str, ...]:
    lines = ["causes: # each is wrong with a share of the repositories"]
    for cause in causes:
        lines += [
            f"  - name: {_quoted(cause.name)}",
            f"    share: {_percent(cause.share)}",
            f"    words: {_quoted(cause.words)}",
            f"    mended: {_percent(cause.mended)} # of the rounds of an agent",
            f"    mended_by_people: {_percent(cause.mended_by_people)}",
        ]
    return tuple(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _spelled(span: c.TimeSpan) -> str:
    from onloop.workflow.duration import written

    return f"{{half: {written(span.p50)}, most: {written(span.p90)}}}"


def _percent(share: int) -> str:
    return f"{share / 10:g}%"
