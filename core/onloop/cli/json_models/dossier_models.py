"""What `onloop show` prints: everything that a person sees of a task before deciding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from onloop.cli.json_models.agent_models import GateJson
from onloop.cli.json_models.envelope import AtMs
from onloop.cli.json_models.work_models import SubAgentJson, TaskJson
from onloop.gates.repository.file_changes import Status
from onloop.machine.budgets import BudgetScope
from onloop.machine.definition import Assurance
from onloop.machine.flags import Flag
from onloop.machine.state import State
from onloop.machine.task import DecisionKind, Independence, RequestKind
from onloop.records import Record, field
from onloop.views.base_words import BaseState


class HandedJson(Record):
    """That a request was handed on."""

    to: Annotated[str, Meta(description="A person or a group.")]
    by: str
    why: str
    at: AtMs


class AskedJson(Record):
    """An open request, with the digest that a decision must give back."""

    request: str
    kind: RequestKind
    question: str
    gate: str | None
    approvers: Annotated[Sequence[str], Meta(description="Who may decide; empty means any enrolled person.")] = field(
        name="from"
    )
    quorum: int
    assurance: Annotated[Assurance, Meta(description="What must be proved about whoever decides.")]
    fresh_ms: Annotated[int | None, Meta(description="How long ago their passphrase may have been typed, at most.")]
    digest: str
    choices: Annotated[Mapping[DecisionKind, str], Meta(description="What each answer would do.")]
    no_worse: Annotated[
        str | UnsetType, Meta(description="Where the base is red: what retry --no-worse-than-base would do.")
    ] = UNSET
    amend: Annotated[
        str | UnsetType, Meta(description="Where the base is red: the command line that mends the workflow.")
    ] = UNSET
    handed: Annotated[HandedJson | UnsetType, Meta(description="Whose it is to answer, where somebody said so.")] = (
        UNSET
    )


class BaseJson(Record):
    """What is known of the gates on what an agent begins with."""

    state: BaseState
    commit: Annotated[str | None, Meta(description="Where they ran last.")]
    gates: Sequence[GateJson]
    accepted_by: Annotated[str | None, Meta(description="Who said that work need only be no worse than this.")]


class AmendmentJson(Record):
    """A person gave the live run another workflow; `before` and `after` are the digests of their files."""

    by: str
    at: AtMs
    before: str
    after: str
    reason: str


class SubjectJson(Record):
    """What a decision is about."""

    head: str
    tree: str
    base: str


class FileJson(Record):
    """A file that the submission changes; `added` and `removed` count lines, and are null for a binary file."""

    path: str
    status: Status
    added: int | None
    removed: int | None
    lines_shown: Annotated[int | None, Meta(description="How many of them `--diff` shows; null: all there are.")]
    risk: Annotated[str | None, Meta(description="Why it deserves the first look.")]


class DecisionJson(Record):
    """A person's answer to a request."""

    request: str
    answer: DecisionKind
    by: str
    assurance: Annotated[Assurance, Meta(description="What was proved about them.")]
    at: AtMs
    reason: str
    proof_age_ms: Annotated[int | None, Meta(description="How long before it their passphrase had been typed.")]
    own_address: Annotated[bool, Meta(description="Whether commits carry their address.")]
    unseen: Annotated[Sequence[str], Meta(description="What they approved without having been shown it.")]
    behalf: Annotated[str | UnsetType, Meta(description="In whose place they decided, by a delegation.")] = UNSET
    key: Annotated[str | UnsetType, Meta(description="The security key that signed it.")] = UNSET
    presence: Annotated[str | UnsetType, Meta(description="What that key says was proved.")] = UNSET


class BypassJson(Record):
    """A gate that a person let the work past: it did not pass."""

    step: str
    gate: str
    by: str
    reason: str
    stood: Annotated[str, Meta(description="How the gate stood then.")]
    assurance: Annotated[Assurance, Meta(description="What was proved about the person.")]
    at: AtMs
    head: str
    current: Annotated[bool, Meta(description="Whether it is about the work as it is now.")]
    key: Annotated[str | UnsetType, Meta(description="The security key that signed it.")] = UNSET
    presence: Annotated[str | UnsetType, Meta(description="What that key says was proved.")] = UNSET


class DecisionMadeJson(Record):
    """A decision, and how the task that it was about stands now."""

    task: str
    repo: str | None
    step: str
    gate: str | None
    answer: DecisionKind
    by: str
    at: AtMs
    reason: str
    head: Annotated[str | None, Meta(description="The commit that it was about.")]
    state: State
    detail: str
    behalf: Annotated[str | None, Meta(description="In whose place it was decided; null where in one's own.")]
    unseen: Annotated[Sequence[str], Meta(description="What was approved without having been shown, in words.")]


class DecisionsJson(Record):
    """What people have decided, newest first."""

    decisions: Sequence[DecisionMadeJson]


class ArtefactJson(Record):
    """A file that the agent handed over."""

    name: str
    size: int
    digest: str
    text: Annotated[
        str | UnsetType | None, Meta(description="Its beginning, with --diff; null where it is no text.")
    ] = UNSET


class DossierWordsJson(Record):
    """What agents wrote."""

    statement: str | None
    feedback: Sequence[str]
    artefacts: Sequence[ArtefactJson]
    sub_agents: Sequence[SubAgentJson]


class ChildWordsJson(Record):
    """What agents wrote of a child."""

    title: str
    says: str | None


class ChildJson(Record):
    """A child of the task's step."""

    task: str
    state: State
    untrusted: ChildWordsJson


class JudgementWordsJson(Record):
    """What the reviewing agent wrote."""

    reason: str


class JudgementJson(Record):
    """A reviewing agent's pass or fail: no evidence."""

    label: Literal["agent-judged"]
    independence: Independence
    step: str
    gate: str
    passes: bool = field(name="pass")
    by: str
    at: AtMs
    head: str
    current: Annotated[bool, Meta(description="Whether it is about what counts now, and of the step's last visit.")]
    untrusted: JudgementWordsJson


class HandoverWordsJson(Record):
    """What the agent wrote who handed on."""

    why: str
    open: Annotated[Sequence[str], Meta(description="Questions that are open.")]


class HandoverJson(Record):
    """A step that was handed on."""

    step: str
    by: str
    to: Annotated[str | None, Meta(description="Null: anyone in the step's role.")]
    at: AtMs
    untrusted: HandoverWordsJson


class CheckpointKeptJson(Record):
    """A checkpoint that is kept for whoever comes after."""

    step: str
    by: str
    at: AtMs
    size: int
    digest: str


class NoteShownJson(Record):
    """To which agent a note was shown, in which attempt, and in what: an answer, or a brief."""

    agent: str
    attempt: int
    at: AtMs
    way: str


class NoteJson(Record):
    """What a person told the agents of a task."""

    by: str
    at: AtMs
    text: str
    shown: Sequence[NoteShownJson]
    over: Annotated[bool, Meta(description="Whether the step in which it was shown is over.")]


class AttachmentWordsJson(Record):
    """What code under judgement wrote; null where it is no text, or was written to a file."""

    text: str | None


class AttachmentShownJson(Record):
    """A file that a gate kept."""

    task: str
    step: str
    gate: str
    name: str
    digest: str
    size: int
    to: Annotated[str | None, Meta(description="The file that it was written to.")]
    untrusted: AttachmentWordsJson


class FilePatchWordsJson(Record):
    """What the agent's commit changes, in rows that are safe to show."""

    rows: Sequence[str]


class FilePatchJson(Record):
    """A page of the whole patch of one file."""

    task: str
    head: Annotated[str, Meta(description="The commit that it is about.")]
    file: str
    first: Annotated[int, Meta(description="The number of its first row; the first of all is 1.")]
    total: Annotated[int, Meta(description="How many rows the whole patch has.")]
    following: Annotated[int | None, Meta(description="`--from` of the next page; null: this is the last.")]
    untrusted: FilePatchWordsJson


class SourceJson(Record):
    """Where outside the wish for a task came from; others wrote its title and URL."""

    kind: str
    name: Annotated[str, Meta(description="The trigger or schedule that began it.")]
    url: str
    title: str


class BudgetJson(Record):
    """One limit of a budget; cost is in millionths of a dollar, time in minutes."""

    scope: BudgetScope
    figure: Annotated[str, Meta(description="tokens, cost, minutes or claims.")]
    spent: Annotated[int | None, Meta(description="Null where no agent tells it: the budget cannot hold it.")]
    limit: int
    is_spent: bool
    told: Annotated[bool, Meta(description="Whether only agents know it; else the gateway measures it.")]


class DossierJson(TaskJson):
    """Everything that a person sees before deciding; what agents wrote is under `untrusted`, and in `diff`."""

    lapsed: Annotated[bool, Meta(description="Whether its lease has run out, and nothing has recorded that yet.")]
    untrusted: DossierWordsJson
    asked: Sequence[AskedJson]
    subject: SubjectJson | None
    definition: Annotated[str, Meta(description="The digest of the workflow that its run pinned.")]
    gates: Sequence[GateJson]
    files: Sequence[FileJson]
    base: Annotated[BaseJson | None, Meta(description="Null where no gate of the workflow is run on the base.")]
    amendments: Sequence[AmendmentJson]
    bypasses: Annotated[Sequence[BypassJson], Meta(description="Gates that did not pass and were let past.")]
    flags: Annotated[Sequence[Flag], Meta(description="Changed paths that decide what the gates said.")]
    decisions: Sequence[DecisionJson]
    trouble: Annotated[str, Meta(description="Why the changes cannot be shown; empty where they can.")]
    progress_at: Annotated[int | None, Meta(description="When the agent last showed signs of work (ms).")]
    join: Annotated[str | None, Meta(description="What the children are waited for.")]
    children: Sequence[ChildJson]
    judgements: Sequence[JudgementJson]
    handovers: Sequence[HandoverJson]
    checkpoints: Sequence[CheckpointKeptJson]
    diff: Annotated[str | UnsetType, Meta(description="With --diff; agents wrote it.")] = UNSET
    notes: Annotated[Sequence[NoteJson], Meta(description="What people told its agents.")] = ()
    source: Annotated[SourceJson | UnsetType, Meta(description="Where outside it came from.")] = UNSET
    budgets: Annotated[Sequence[BudgetJson], Meta(description="The limits that hold it where it stands.")] = ()
