"""What the verbs print that make stores, check files, and say what this machine can prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from onloop.errors import FailureKind
from onloop.insight.audit.degrees import ArtefactStanding, Degree, Primitive
from onloop.machine.box_facts import BoxProved
from onloop.machine.definition import Assurance
from onloop.machine.task import Verdict
from onloop.records import Record


class InitJson(Record):
    """A store that was made."""

    store: str
    person: Annotated[str, Meta(description="Its first approver.")]
    mode: Literal["isolated", "advisory"]


class NotIsolatedJson(Record):
    """That this user cannot isolate a store; people's output says who can, and how."""

    isolated: Literal[False]


class EnrolJson(Record):
    """A person who was enrolled."""

    person: str


class ValidateJson(Record):
    """What is wrong with workflow files."""

    ok: bool
    problems: Annotated[Sequence[str], Meta(description="Each as file:line:col: what; what would work.")]


class GraphJson(Record):
    """A workflow, or the machine, as Mermaid; with --text also as plain text."""

    mermaid: str
    text: str = ""


class WorkflowsJson(Record):
    """The built-in workflows."""

    workflows: Annotated[Sequence[str], Meta(description="Their names.")]


class WorkflowSourceJson(Record):
    """A built-in workflow."""

    source: Annotated[str, Meta(description="YAML.")]


class SchemaJson(Record):
    """A JSON Schema."""

    schema: Mapping[str, Any]


class SchemaEntryJson(Record):
    """A schema in the list of them."""

    name: str
    summary: str


class SchemasJson(Record):
    """The schemas that there are."""

    schemas: Sequence[SchemaEntryJson]


class GuideEntryJson(Record):
    """A guide in the list of them."""

    name: str
    title: str
    summary: str


class WantJson(Record):
    """What one wants, and the verbs for it."""

    want: str
    verbs: Sequence[str]


class GuidesJson(Record):
    """The guides that there are, and the verbs by what one wants."""

    guides: Sequence[GuideEntryJson]
    verbs: Sequence[WantJson] = ()


class GuideJson(Record):
    """A guide."""

    guide: Annotated[str, Meta(description="Its name.")]
    title: str
    text: Annotated[str, Meta(description="Markdown.")]


class ExampleJson(Record):
    """A command as it is typed, and what it does."""

    command: str
    does: str


class UsageJson(Record):
    """What a verb takes, and examples of it."""

    verb: str
    usage: str
    examples: Sequence[ExampleJson] = ()


class CompletionJson(Record):
    """The script that makes a shell complete onloop."""

    shell: str
    script: str


class HookShownJson(Record):
    """A vendor's hook, for setting it up by hand."""

    agent: str
    hooks: Annotated[Mapping[str, Any], Meta(description="As the vendor's settings file holds them.")]
    argument: Annotated[str, Meta(description="The same as an argument on the agent's command line.")]
    command: Annotated[str, Meta(description="The agent's command with it, for onloop work.")]
    file: Annotated[str, Meta(description="The file that it belongs into.")] = ""
    content: Annotated[str, Meta(description="What that file holds, where it holds nothing else.")] = ""


class HookFileJson(Record):
    """A vendor's settings file in which our hook was set up, or from which it was taken."""

    agent: str
    file: str
    changed: bool


class HookPlaceJson(Record):
    """One file that holds, or could hold, a vendor's hook."""

    scope: Annotated[str, Meta(description="project, user or managed.")]
    file: str
    events: Annotated[Sequence[str], Meta(description="The events for which it has our hook.")]
    trouble: Annotated[str, Meta(description="Why it cannot be read, or who could change it.")] = ""


class HookDoctorJson(Record):
    """What the hooks that are installed hold an agent to: tried, without what a worker would bring along."""

    agent: str
    version: str
    places: Sequence[HookPlaceJson]
    fires: Annotated[bool, Meta(description="Whether it calls our hook at the end of a turn.")]
    denies: Annotated[bool, Meta(description="Whether it was refused a push and a change of onloop's files.")]
    level: Annotated[str, Meta(description="L0 to L3, as the guide to agents says.")]


class InstructionJson(Record):
    """A file that an agent reads by itself."""

    file: str
    changed: Annotated[bool, Meta(description="Whether this call changed it.")]
    text: Annotated[str, Meta(description="What belongs into it: a block of a page, or the whole file.")] = ""


class InstructionsJson(Record):
    """What an agent is told of how to work with the gateway, and where."""

    agent: str
    files: Sequence[InstructionJson]


class HookProofJson(Record):
    """Whether an agent can work in a worker's clone, and calls our hook at the end of a turn."""

    agent: str
    version: str
    fires: bool
    configured: Annotated[Sequence[str], Meta(description="Settings files that hold a hook of ours.")]
    lacking: Annotated[Sequence[str], Meta(description="Always empty: a worker brings its hooks along.")]
    name: Annotated[str, Meta(description="The agent's name: its vendor's, or that of its file.")] = ""
    login: Annotated[
        Sequence[str], Meta(description="Where a login of its vendor is seen; nothing of it is read.")
    ] = ()
    works: Annotated[bool, Meta(description="Whether it may run commands and commit there.")] = False
    denies: Annotated[bool, Meta(description="Whether it is refused what its step forbids.")] = False


class OriginProofJson(Record):
    """Whether our git reaches an origin with what is declared for it."""

    origin: str
    reached: bool
    declared: Annotated[str, Meta(description="What is declared for it, without a secret.")]
    detail: Annotated[str, Meta(description="What it answered, or why it did not.")]
    kind: Annotated[FailureKind | None, Meta(description="Of what kind the failure is, where that is known.")]


class CheckJson(Record):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


class ForgeProofJson(Record):
    """Whether a forge takes our token, and whether the gateway is the only way to merge there."""

    forge: str
    repository: str
    only_way: Annotated[bool, Meta(description="Whether nothing reaches the branch past the gateway.")]
    checks: list[CheckJson]


class DoctorJson(Record):
    """What this machine and store can prove."""

    checks: Sequence[CheckJson]
    assurance: Annotated[Assurance, Meta(description="The highest level that can be reached.")]
    reasons: Annotated[Sequence[str], Meta(description="Why it is no higher.")]
    mode: Literal["isolated", "advisory"]
    box: Annotated[BoxProved | None, Meta(description="What the box of the gates was last seen to stop.")]


class GateProofJson(Record):
    """What a gate found on the base."""

    gate: str
    verdict: Verdict
    summary: str
    took_ms: Annotated[int, Meta(description="How long it took with all that it needed, setup too.")]


class TriedJson(Record):
    """A workflow that was tried on the base."""

    name: str
    green: bool
    gates: Sequence[GateProofJson]


class ProposedJson(Record):
    """The workflow of a project, and whether it is green on the base."""

    workflow: Annotated[str, Meta(description="The path of its file.")]
    written: Annotated[bool, Meta(description="Whether this call wrote it.")]
    green: bool
    base: Annotated[str, Meta(description="The commit on which it was tried.")]
    branch: str
    tried: Sequence[TriedJson]


class PrimitiveJson(Record):
    """One of the four things that working with agents takes."""

    primitive: Primitive
    degree: Degree
    evidence: Annotated[Sequence[str], Meta(description="What was seen of it.")]
    missing: Annotated[Sequence[str], Meta(description="What it lacks to be solved.")]
    next: Annotated[str, Meta(description="The next command for it; empty where it is solved.")]


class AgentSeenJson(Record):
    """A vendor's agent, as it is on this machine."""

    agent: str
    degree: Degree
    program: Annotated[str, Meta(description="Where it is; empty where it is not installed.")]
    logins: Annotated[Sequence[str], Meta(description="Files and variables in which a login is seen; none is read.")]
    hooks: Annotated[Sequence[str], Meta(description="Files that have our hook.")]
    next: str


class PlaceJson(Record):
    """A place that shows something."""

    path: str
    line: Annotated[int, Meta(description="0 where the whole file is meant.")]
    words: str


class AuditedArtefactJson(Record):
    """An artefact, and how it stands."""

    artefact: str
    standing: ArtefactStanding
    places: Sequence[PlaceJson]
    more: Annotated[int, Meta(description="How many places more there are than are named.")]
    words: str
    next: str


class AuditedRepositoryJson(Record):
    """What was seen of a repository."""

    name: str
    path: str
    commit: Annotated[str, Meta(description="Empty where its files were looked at as they lie.")]
    notes: Annotated[Sequence[str], Meta(description="What was not looked at, and why.")]
    primitives: Sequence[PrimitiveJson]
    agents: Sequence[AgentSeenJson]
    artefacts: Sequence[AuditedArtefactJson]
    unmet: Annotated[Sequence[str], Meta(description="What --require demands and is not so.")]


class AuditJson(AuditedRepositoryJson):
    """What was seen of the one repository that was asked about."""


class UnreadJson(Record):
    """A repository that could not be looked at."""

    path: str
    problem: str


class FleetAuditJson(Record):
    """What was seen of several repositories."""

    repositories: Sequence[AuditedRepositoryJson]
    unread: Sequence[UnreadJson]
