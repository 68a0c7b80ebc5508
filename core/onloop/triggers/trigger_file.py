"""Triggers as code: `.onloop/triggers.yaml` says which events from outside begin, tell or end what.

It is as strict as a workflow file, and its problems have line and column. It counts once an approver adopted it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import combinations
from typing import Annotated, Any

from pydantic import Field

from onloop.errors import BadInput, OnloopError, WorkflowError
from onloop.gates.intake.manifest import check_artefact_name
from onloop.machine.adopted_triggers import MOST_TRIGGERS, ActKind, InputFile, Trigger, TriggerAct
from onloop.machine.definition import Definition
from onloop.policies.cel_rules import is_installed
from onloop.policies.event_rules import event_faults
from onloop.text import safe
from onloop.triggers.event_templates import paths_of, template_fault
from onloop.triggers.trigger_matching import overlaps
from onloop.workflow.model import WORKFLOW_NAME, WorkflowPart
from onloop.workflow.positioned_tree import Fault, Path
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in

FILE = ".onloop/triggers.yaml"
LARGEST_TRIGGERS = 262_144

EVENT_NAME = r"^(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199})$"
_HINT = "onloop help triggers shows a file, onloop trigger schema says what it may hold"
_BRACES = "write paths as {event.issue.number}, and a brace itself twice: {{"

Line = Annotated[str, Field(min_length=1, max_length=4_000)]
Block = Annotated[str, Field(min_length=1, max_length=20_000)]


class StartPart(WorkflowPart):
    """Begin a task for the subject, unless one is live."""

    workflow: Annotated[str, Field(min_length=1, max_length=1_000, description="a built-in, or a file beside this one")]
    title: Annotated[Line, Field(description="what must be done, in one line")]
    repository: Annotated[Line, Field(description="where: a URL or an absolute path, or a path into the event")]
    within: Annotated[list[Line], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="what a repository that the event names must begin with"
    )
    branch: Line | None = Field(default=None, description="the branch that effects move; without it, that of HEAD")
    brief: Block | None = Field(default=None, description="what the agents are told")
    inputs: Annotated[dict[Annotated[str, Field(max_length=200)], Block], Field(max_length=20)] | None = Field(
        default=None, description="files that the agents are given, by name"
    )
    labels: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=20)] | None = Field(
        default=None, description="labels that workers can choose by"
    )
    check_base: bool = Field(default=False, description="whether gates must pass on the base before an agent starts")


class SignalPart(WorkflowPart):
    """Tell whoever works on the subject's task."""

    text: Annotated[Block, Field(description="what happened")]


class CancelPart(WorkflowPart):
    """End the subject's task."""

    reason: Annotated[Line, Field(description="why it is not wanted any more")]


class AnswerPart(WorkflowPart):
    """Answer what an agent of the subject's task asked; never an approval or a choice."""

    text: Annotated[Block, Field(description="the answer")]


class DoPart(WorkflowPart):
    """What the trigger does: one of these."""

    start: StartPart | None = Field(default=None, description="begin a task")
    signal: SignalPart | None = Field(default=None, description="tell the subject's task")
    cancel: CancelPart | None = Field(default=None, description="end the subject's task")
    answer: AnswerPart | None = Field(default=None, description="answer its agent's question")


class TriggerPart(WorkflowPart):
    """One trigger."""

    id: Annotated[str, Field(pattern=WORKFLOW_NAME, description="the name of the trigger")]
    source: Annotated[str, Field(pattern=WORKFLOW_NAME, description="the hook at which the event comes in")]
    on: Annotated[
        list[Annotated[str, Field(pattern=EVENT_NAME)]],
        Field(min_length=1, max_length=50, description="names of events, such as issues.labeled; issues is all of it"),
    ]
    when: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        default=None, description="a condition in CEL over event, name and source"
    )
    subject: Annotated[Line, Field(description="what it is about: events of one subject share one task")]
    revision: Line | None = Field(default=None, description="in which state that is: one task for each at most")
    do: Annotated[DoPart, Field(description="what happens")]


class TriggersFile(WorkflowPart):
    """Which events from outside begin, tell or end what."""

    triggers: Annotated[
        list[TriggerPart], Field(min_length=1, max_length=MOST_TRIGGERS, description="the first of a subject acts")
    ]


_SHAPE = FileShape(
    TriggersFile,
    {
        (): "a file of triggers",
        ("triggers",): "a trigger",
        ("do",): "what happens",
        ("start",): "a start",
        ("signal",): "a signal",
        ("cancel",): "a cancel",
        ("answer",): "an answer",
    },
    {
        WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as fix-labelled",
        EVENT_NAME: "write an event's name, such as issues.labeled, or * for any",
    },
    {},
    {},
)

WorkflowNamed = Callable[[str], Definition]
"""What finds a workflow that a trigger names."""


def load_triggers(source: bytes, name: str, workflow_named: WorkflowNamed) -> tuple[Trigger, ...]:
    """The triggers in a file, in order; WorkflowError with every problem as `file:line:col: …`."""
    file = part_in(
        source,
        name,
        TriggersFile,
        _SHAPE,
        senseless=lambda file: _senseless(file, workflow_named),
        hint=_HINT,
        largest=LARGEST_TRIGGERS,
    )
    return tuple(_trigger(part, workflow_named) for part in file.triggers)


def file_digest(triggers: tuple[Trigger, ...]) -> str:
    """The digest of everything that triggers say, workflows included."""
    return sha256(repr(triggers).encode()).hexdigest()


def triggers_schema_file() -> type[WorkflowPart]:
    """The shape of the file, for its JSON Schema."""
    return TriggersFile


def _senseless(file: TriggersFile, workflow_named: WorkflowNamed) -> Iterator[Fault]:
    """What has the right shape, and could not mean anything."""
    for number, part in enumerate(file.triggers):
        yield from _trigger_faults(("triggers", number), part, workflow_named)
    yield from _shared_faults(file)


def _trigger_faults(at: Path, part: TriggerPart, workflow_named: WorkflowNamed) -> Iterator[Fault]:
    for where, text in _templates(part):
        if wrong := template_fault(text):
            yield Fault((*at, *where), wrong, _BRACES)
    if not paths_of(part.subject):
        yield Fault((*at, "subject"), "every event would be about the same", "name what differs, such as {event.id}")
    yield from _condition_faults((*at, "when"), part.when)
    acts = [name for name in ("start", "signal", "cancel", "answer") if getattr(part.do, name) is not None]
    if len(acts) != 1:
        told = f"it does {' and '.join(acts)}" if acts else "it does nothing"
        yield Fault((*at, "do"), told, "give one of start, signal, cancel and answer")
    if part.do.start is not None:
        yield from _start_faults((*at, "do", "start"), part.do.start, workflow_named)


def _templates(part: TriggerPart) -> Iterator[tuple[Path, str]]:
    yield ("subject",), part.subject
    if part.revision is not None:
        yield ("revision",), part.revision
    for name, fields in (("signal", ("text",)), ("cancel", ("reason",)), ("answer", ("text",)), ("start", _IN_START)):
        act = getattr(part.do, name)
        for each in fields if act is not None else ():
            if (text := getattr(act, each)) is not None:
                yield ("do", name, each), text
    for file, text in (part.do.start.inputs or {}).items() if part.do.start is not None else ():
        yield ("do", "start", "inputs", file), text


_ORIGINS = ("https://", "ssh://", "git@", "file:///", "/")
_IN_START = ("title", "repository", "branch", "brief")


def _condition_faults(at: Path, rule: str | None) -> Iterator[Fault]:
    if rule is None:
        return
    if not is_installed():
        yield Fault(at, "it has a condition, and nothing here evaluates it", "pip install 'onloop[policy]'")
        return
    for fault in event_faults(rule)[:5]:
        yield Fault(at, fault.what, fault.hint, within=fault.at)


def _start_faults(at: Path, start: StartPart, workflow_named: WorkflowNamed) -> Iterator[Fault]:
    yield from _repository_faults(at, start)
    for name in start.inputs or {}:
        try:
            check_artefact_name(name)
        except BadInput as problem:
            yield Fault((*at, "inputs", name), problem.message, problem.hint)
    try:
        workflow_named(start.workflow)
    except WorkflowError as problem:
        yield Fault((*at, "workflow"), safe(problem.problems[0], 300), "put the workflow right first")
    except OnloopError as problem:
        yield Fault((*at, "workflow"), problem.message, problem.hint)


def _repository_faults(at: Path, start: StartPart) -> Iterator[Fault]:
    is_named_outside = bool(paths_of(start.repository))
    if is_named_outside and not start.within:
        hint = "say what it must begin with: within: [https://github.com/acme/]"
        yield Fault((*at, "repository"), "the event could name any repository", hint)
    if not is_named_outside and start.within:
        yield Fault((*at, "within"), "the repository is named here, and needs none", "leave within out")
    if not is_named_outside and not start.repository.startswith(_ORIGINS):
        yield Fault((*at, "repository"), "that is no URL and no absolute path", "such as https://github.com/acme/shop")
    for number, prefix in enumerate(start.within or ()):
        if not prefix.startswith(_ORIGINS) or not prefix.endswith(("/", ":")):
            hint = "write a URL or path up to a /, such as https://github.com/acme/"
            yield Fault((*at, "within", number), f"{safe(prefix, 60)!r} does not end where a name ends", hint)


def _shared_faults(file: TriggersFile) -> Iterator[Fault]:
    """Ids that are taken twice, and triggers that never act because another one always stands before them."""
    seen: dict[str, int] = {}
    for number, part in enumerate(file.triggers):
        if part.id in seen:
            yield Fault(("triggers", number, "id"), f"trigger {part.id} is here twice", "give each an id of its own")
        seen.setdefault(part.id, number)
    plainly = [_plain_trigger(part) for part in file.triggers]
    for (_, first), (number, second) in combinations(enumerate(plainly), 2):
        if overlaps(first, second):
            words = f"{first.id} takes the same events of the same subject, and stands before it"
            hint = "one trigger owns a subject: let their names of events or their conditions differ"
            yield Fault(("triggers", number, "subject"), words, hint)


def _plain_trigger(part: TriggerPart) -> Trigger:
    act = TriggerAct(ActKind.SIGNAL)
    return Trigger(part.id, part.source, tuple(part.on), part.subject, act, " ".join((part.when or "").split()))


def _trigger(part: TriggerPart, workflow_named: WorkflowNamed) -> Trigger:
    plainly = part.do
    if (start := plainly.start) is not None:
        definition = workflow_named(start.workflow)
        act = TriggerAct(
            ActKind.START,
            workflow=definition.name,
            definition=definition.digest,
            title=start.title,
            brief=start.brief or "",
            repository=start.repository,
            within=tuple(start.within or ()),
            branch=start.branch or "",
            labels=tuple(start.labels or ()),
            inputs=tuple(InputFile(name, text) for name, text in _items(start.inputs)),
            check_base=start.check_base,
        )
    elif plainly.signal is not None:
        act = TriggerAct(ActKind.SIGNAL, text=plainly.signal.text)
    elif plainly.cancel is not None:
        act = TriggerAct(ActKind.CANCEL, text=plainly.cancel.reason)
    else:
        act = TriggerAct(ActKind.ANSWER, text=plainly.answer.text if plainly.answer is not None else "")
    when = part.when or ""
    return Trigger(part.id, part.source, tuple(part.on), part.subject, act, when, part.revision or "")


def _items(inputs: Mapping[str, str] | None) -> Iterator[tuple[str, Any]]:
    return iter((inputs or {}).items())
