"""Reads `.onloop/calls.yaml`: whom onloop calls about what; as strict as a workflow file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from onloop.attention.items import TIERS
from onloop.errors import BadInput
from onloop.machine.call_rules import (
    MOST_RECIPIENTS,
    MOST_RULES,
    CallPlan,
    CallRule,
    CallStep,
    QuietHours,
    Recipient,
)
from onloop.workflow.hints import nearest
from onloop.workflow.model import PERSON, WORKFLOW_NAME, WorkflowPart, complaint
from onloop.workflow.model.field_values import Pause, Wait
from onloop.workflow.positioned_tree import Fault, Path
from onloop.workflow.schema import schema_of_file
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in
from onloop.workflow.zones import zone_named

FILE = ".onloop/calls.yaml"
LARGEST_CALLS = 262_144
"""How many bytes such a file may have."""

USUAL_AGAIN_MS = 4 * 3_600_000
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
KINDS = tuple(sorted(reason.value for reason in TIERS))
"""What a rule may name as a kind: every reason for which a person must act or look."""

Tiers = Literal["safety", "decision", "broken", "stalled", "fyi"]


def _kind(given: Any) -> Any:
    if isinstance(given, str) and given not in KINDS:
        raise complaint(f"there is no kind {given[:60]!r}", f"{nearest(given, KINDS)}give one of: {', '.join(KINDS)}")
    return given


_Name = Annotated[str, Field(pattern=PERSON)]
_Kind = Annotated[str, BeforeValidator(_kind), Field(max_length=60)]
_Texts = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=50)]
_Names = Annotated[list[_Name], Field(min_length=1, max_length=50)]


class QuietPart(WorkflowPart):
    """When somebody is not called."""

    begins: Annotated[str, Field(alias="from", pattern=_TIME)] = Field(description="a time of day, such as 22:00")
    ends: Annotated[str, Field(alias="to", pattern=_TIME)] = Field(description="a time of day, such as 07:00")
    zone: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="whose wall clock: a zone of IANA")
    but: Annotated[list[Tiers], Field(max_length=5)] = Field(
        default=["safety"], description="about causes of these tiers they are called all the same"
    )


class RecipientPart(WorkflowPart):
    """Somebody who is called, or a room."""

    name: Annotated[str, Field(pattern=PERSON, description="their name; that of an enrolled person has their e-mail")]
    by: _Names = Field(description="channels, as calls.toml of the store names them")
    quiet: QuietPart | None = Field(default=None, description="hours of the day at which nobody is called")


class AboutPart(WorkflowPart):
    """Which causes a rule is about; what is left out may be anything."""

    tiers: Annotated[list[Tiers], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="how urgent (default: all but fyi)"
    )
    kinds: Annotated[list[_Kind], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="why somebody is needed, such as approval_required"
    )
    workflows: _Texts | None = Field(default=None, description="names of workflows")
    runs: _Texts | None = Field(default=None, description="ids of runs")
    repos: _Texts | None = Field(default=None, description="names of repositories")
    gates: _Texts | None = Field(default=None, description="ids of gates")
    whose: _Texts | None = Field(default=None, description="whose it is: human:ana, group:leads")


class ThenPart(WorkflowPart):
    """Who is called next."""

    after: Wait = Field(description="how long after the first call, where the cause still needs somebody")
    to: _Names = Field(description="recipients")


class CallRulePart(WorkflowPart):
    """A rule."""

    id: Annotated[str, Field(pattern=WORKFLOW_NAME, description="the name of the rule")]
    about: AboutPart = Field(default=AboutPart(), description="which causes")
    dwell: Pause = Field(default=60_000, description="how long a cause must last before anybody is called")
    digest: Pause = Field(default=30_000, description="how long calls are gathered, to go out as one message")
    to: _Names = Field(description="recipients who are called first")
    then: Annotated[list[ThenPart], Field(max_length=10)] = Field(
        default=[], description="who is called next, and when"
    )


class CallsFilePart(WorkflowPart):
    """A file of calls."""

    recipients: Annotated[list[RecipientPart], Field(min_length=1, max_length=MOST_RECIPIENTS)] = Field(
        description="who can be called, and how"
    )
    rules: Annotated[list[CallRulePart], Field(min_length=1, max_length=MOST_RULES)] = Field(
        description="about what; of several that fit, the first one counts"
    )
    again: Wait = Field(
        default=USUAL_AGAIN_MS, description="a cause that was over for so long counts as new when it is back"
    )


_SHAPE = FileShape(
    CallsFilePart,
    {
        (): "a file of calls",
        ("recipients",): "a recipient",
        ("quiet",): "quiet hours",
        ("rules",): "a rule",
        ("about",): "what a rule is about",
        ("then",): "a step",
    },
    {
        WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as decisions",
        PERSON: "write a plain name, such as ana or ops-room",
        _TIME: "write hours and minutes in quotes, such as '22:00'",
    },
    {},
    {},
)


def calls_schema() -> dict[str, Any]:
    """The JSON Schema of such files."""
    return schema_of_file(CallsFilePart, "onloop calls")


def load_calls(source: bytes, name: str) -> CallPlan:
    """The rules in the bytes of a file called `name`; WorkflowError with every problem as `file:line:col: …`."""
    hint = "onloop help calling shows such a file"
    part = part_in(source, name, CallsFilePart, _SHAPE, senseless=_senseless, hint=hint, largest=LARGEST_CALLS)
    return CallPlan(tuple(map(_recipient, part.recipients)), tuple(map(_rule, part.rules)), part.again)


def _recipient(part: RecipientPart) -> Recipient:
    quiet = part.quiet
    if quiet is None:
        return Recipient(part.name, tuple(part.by))
    hours = QuietHours(quiet.zone, _minutes(quiet.begins), _minutes(quiet.ends), tuple(quiet.but))
    return Recipient(part.name, tuple(part.by), hours)


def _minutes(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    return 0 if found is None else int(found[1]) * 60 + int(found[2])


def _rule(part: CallRulePart) -> CallRule:
    about = part.about
    return CallRule(
        name=part.id,
        to=tuple(part.to),
        tiers=tuple(about.tiers or ("safety", "decision", "broken", "stalled")),
        kinds=tuple(about.kinds or ()),
        workflows=tuple(about.workflows or ()),
        runs=tuple(about.runs or ()),
        repos=tuple(about.repos or ()),
        gates=tuple(about.gates or ()),
        whose=tuple(about.whose or ()),
        dwell_ms=part.dwell,
        digest_ms=part.digest,
        steps=tuple(CallStep(step.after, tuple(step.to)) for step in part.then),
    )


def _senseless(part: CallsFilePart) -> Iterator[Fault]:
    """What has the right shape, and could not mean anything."""
    names = [each.name for each in part.recipients]
    yield from _twice("recipients", "name", names)
    yield from _twice("rules", "id", [each.id for each in part.rules])
    for number, each in enumerate(part.recipients):
        if each.quiet is not None:
            yield from _quiet_faults(("recipients", number, "quiet"), each.quiet)
    for number, rule in enumerate(part.rules):
        for at, called in (
            (("rules", number, "to"), rule.to),
            *((("rules", number, "then", place, "to"), step.to) for place, step in enumerate(rule.then)),
        ):
            for place, who in enumerate(called):
                if who not in names:
                    hint = f"{nearest(who, names)}name one of: {', '.join(names)}"
                    yield Fault((*at, place), f"{who} is no recipient", hint)
        afters = [step.after for step in rule.then]
        if afters != sorted(set(afters)):
            yield Fault(("rules", number, "then"), "the steps are not in their order", "let each come after the last")


def _quiet_faults(at: Path, quiet: QuietPart) -> Iterator[Fault]:
    try:
        zone_named(quiet.zone)
    except BadInput as problem:
        yield Fault((*at, "zone"), problem.message, problem.hint)
    if quiet.begins == quiet.ends:
        yield Fault(at, "it begins when it ends", "leave quiet out, or give two times of day")


def _twice(field: str, key: str, names: list[str]) -> Iterator[Fault]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Fault((field, number, key), f"{name!r} is here twice", "give each one a name of its own")
