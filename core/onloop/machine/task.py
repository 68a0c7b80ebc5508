"""What is known of one task at a moment: the fold of its events."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from onloop.machine.agent_environment import MadeEnvironment
from onloop.machine.artefacts import Artefact as Artefact
from onloop.machine.artefacts import Artefacts, Labels
from onloop.machine.base_facts import Amendment, BaseCheck
from onloop.machine.budgets import NO_BUDGET, Budget, BudgetStanding
from onloop.machine.bypasses import Bypass as Bypass
from onloop.machine.change_facts import ChangeFacts
from onloop.machine.definition import Isolation
from onloop.machine.entered_environment import Stay
from onloop.machine.evidence import Evidence as Evidence
from onloop.machine.evidence import TestCounts as TestCounts
from onloop.machine.evidence import Verdict as Verdict
from onloop.machine.evidence import evidence_key as evidence_key
from onloop.machine.feedback import Feedback as Feedback
from onloop.machine.feedback import Outbox as Outbox
from onloop.machine.flags import Flag
from onloop.machine.forge_check import OwnCheck
from onloop.machine.gate_facts import Program
from onloop.machine.judgements import NOT_KNOWN as NOT_KNOWN
from onloop.machine.judgements import Hand as Hand
from onloop.machine.judgements import Independence as Independence
from onloop.machine.judgements import Judgement as Judgement
from onloop.machine.limits import (
    Address,
    Brief,
    Digest,
    Id,
    Ids,
    Items,
    Millis,
    Number,
    Path,
    Statement,
    Title,
)
from onloop.machine.links import Link as Link
from onloop.machine.links import Source as Source
from onloop.machine.messages import Checkpoint, Handover, Message, Note
from onloop.machine.offspring import Offspring as Offspring
from onloop.machine.policy_findings import PolicyFinding
from onloop.machine.requests import Decision as Decision
from onloop.machine.requests import DecisionKind as DecisionKind
from onloop.machine.requests import Handed as Handed
from onloop.machine.requests import Request as Request
from onloop.machine.requests import RequestKind as RequestKind
from onloop.machine.setbacks import Setback
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.told_lessons import ToldLesson
from onloop.machine.usage import Spending
from onloop.machine.wave_plan import Priority, SlotLimits, Stop, WavePlan, Waves
from onloop.machine.work_elsewhere import WorkPlace as WorkPlace
from onloop.records import Record, field, fields_of


class Kind(StrEnum):
    """What a task does: walk a workflow itself, or hold the tasks of a fleet."""

    WORK = "work"
    FLEET = "fleet"


class TaskFacts(Record):
    """What a task is begun with; `definition` is the digest of the pinned workflow, `origin` a path or URL.

    `brief` is what a child's parent asks, `funnel` the commit at which it begins, if work was merged there already.
    `attachments` are what a person gives its agents to read, and `labels` what workers choose by.
    `target` is the branch that effects move; `max_parallel` bounds how many tasks below it may be held at once.
    With `check_base`, the first gates that run commands must pass on the base before an agent starts.
    `isolation` is the least in which its agents work, whatever its steps demand.
    `budget` is a run's; `plan` and `limits` are a fleet's, `wave` (from 1) is a task's place in that plan, `repo_owner`
    who its repository belongs to. Of tasks that wait, those with the higher `priority` are claimed first.
    """

    title: Title
    kind: Kind
    workflow: Id
    definition: Digest
    sponsor: Id
    run: Id
    parent: Id | None = None
    repo: Id | None = None
    origin: Path | None = None
    target: Id = "main"
    max_parallel: Number | None = None
    brief: Brief = ""
    merges: Annotated[tuple[Id, ...], Items(1_000)] = ()
    funnel: Digest | None = None
    attachments: Artefacts = ()
    labels: Labels = ()
    check_base: bool = False
    after: Ids = ()
    """Siblings whose work must be there before it begins."""
    isolation: Isolation = Isolation.NONE
    plan: WavePlan | None = None
    limits: SlotLimits = SlotLimits()
    wave: Number = 0
    priority: Priority = 0
    repo_owner: Id = ""
    elsewhere: WorkPlace | None = None
    """Where its work is made, if no agent of ours makes it."""
    source: Source | None = None
    """Where outside the wish for it came from; None where somebody here began it."""
    budget: Budget = NO_BUDGET

    @property
    def facts(self) -> Mapping[str, Any]:
        """These fields by name, for another record that has them."""
        return {name: getattr(self, name) for name in fields_of(TaskFacts)}


class Submission(Record):
    """What an agent hands in: a commit (full hex ids), its merge-base with the target, artefacts, a statement.

    All but the statement is computed by the gateway. `bundle` is the digest of the git bundle in which the commit came,
    empty where it brought nothing new. `change` is the digest of what differs from the base, whatever the commits.
    """

    head: Digest
    tree: Digest
    base: Digest
    authors: Annotated[tuple[Address, ...], Items(1_000)] = ()
    artefacts: Artefacts = ()
    statement: Statement = ""
    at: Millis = 0
    bundle: Digest = ""
    change: Digest = ""
    facts: ChangeFacts | None = None
    """What differs from the base, in counts and classes; None where older submissions did not say."""


class Task(Record):
    """The unit of work. `version` counts its events; `epoch` grows with every new owner and fences the old ones.

    `blocks` counts how often in a row the agent was kept from ending its turn without having handed in anything.
    `children` are those of the current step, `born` counts all that it ever had, `joined` are the ids whose work
    counts once the join has said so, and `funnel` is the commit that their work became last. `messages` are unread,
    `received` counts all there were, `shown` is the last that the holder saw, `context` how full the holder's is (%).
    `voided` says why what people were shown of this work before does not count any more; empty where it does.
    `hands` are who claimed each step; `programs` are those that were pinned for it, on top of its run's.
    `inherited` is what agents of earlier steps handed over, by step.
    `flagged` is what an effect found flagged on the merged result, and nobody had been shown.
    `base_checks`, by step, and `base_evidence` are what gates found before an agent started (see `looking_first`).
    `setback` is the trouble that keeps it from going on; `postponed` is when its agents last said *not now* (ms).
    `notes` are the last that people told its agents. `branch` is where its holder's work is handed in from.
    `waves` says where a fleet stands that has a `plan`; `stop` why a task of it had failed, when people took it out.
    """

    id: str
    run: str
    title: str
    kind: Kind
    definition: str
    workflow: str
    sponsor: str
    created_at: int
    updated_at: int
    version: int = 0
    parent: str | None = None
    repo: str | None = None
    origin: str | None = None
    target: str = "main"
    max_parallel: int | None = None
    brief: str = ""
    merges: tuple[str, ...] = ()
    state: State = State.SUBMITTED
    reason: Reason | None = None
    detail: str = ""
    since: int = 0
    step: str | None = None
    role: str | None = None
    visits: Mapping[str, int] = field(default_factory=dict)
    owner: str | None = None
    holder: str | None = None
    epoch: int = 0
    claimed_at: int = 0
    attempt: int = 0
    tries: int = 0
    round: int = 0
    not_before: int = 0
    blocks: int = 0
    workers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hands: Mapping[str, tuple[Hand, ...]] = field(default_factory=dict)
    submission: Submission | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    awaited: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    decisions: tuple[Decision, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    effect: Outbox | None = None
    effects: int = 0
    result: str | None = None
    merged_head: str = ""
    """The commit that was approved and merged last, of a task with links; `result` is what that made of the target."""
    voided: str = ""
    children: tuple[Offspring, ...] = ()
    born: int = 0
    joined: tuple[str, ...] | None = None
    funnel: str | None = None
    messages: tuple[Message, ...] = ()
    received: int = 0
    shown: int = 0
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)
    handovers: tuple[Handover, ...] = ()
    context: int | None = None
    programs: tuple[Program, ...] = ()
    flagged: tuple[Flag, ...] = ()
    attachments: tuple[Artefact, ...] = ()
    labels: tuple[str, ...] = ()
    branch: str = ""
    inherited: Mapping[str, tuple[Artefact, ...]] = field(default_factory=dict)
    check_base: bool = False
    base_checks: Mapping[str, BaseCheck] = field(default_factory=dict)
    base_evidence: Mapping[str, Evidence] = field(default_factory=dict)
    amendments: tuple[Amendment, ...] = ()
    setback: Setback | None = None
    postponed: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()
    bypasses: tuple[Bypass, ...] = ()
    """Gates that people let its work on past; each counts for the work that it was said of alone."""
    plan: WavePlan | None = None
    limits: SlotLimits = SlotLimits()
    wave: int = 0
    priority: int = 0
    repo_owner: str = ""
    source: Source | None = None
    waves: Waves | None = None
    stop: Stop | None = None
    inside: tuple[Stay, ...] = ()
    """People who stepped into its environment; one who was killed there is among them until `until`."""
    isolation: Isolation = Isolation.NONE
    """The least that its parent's agent asked for; a step of its own may demand more."""
    branches: Mapping[str, str] = field(default_factory=dict)
    """Where each step with rules led when it was left last: a step, or `end`."""
    after: tuple[str, ...] = ()
    unblocked: bool = False
    """Whether it has begun, where it waited for siblings."""
    policies: Mapping[str, PolicyFinding] = field(default_factory=dict)
    """What policy gates said last, by step and gate; entering a step again drops its own."""
    environment: MadeEnvironment | None = None
    """Where its last holder worked, as a launcher attested it."""
    pushed: tuple[str, ...] = ()
    """The commits that its own branch got, the newest last: each was meant to be there before it was pushed."""
    reported: OwnCheck | None = None
    """What the forge shows of it on the head of its pull request."""
    elsewhere: WorkPlace | None = None
    heard: tuple[str, ...] = ()
    """What was taken up of what came back from outside, by its key."""
    links: tuple[Link, ...] = ()
    """What outside belongs to it: pull requests, issues, check runs, tags."""
    spending: Spending = Spending()
    budget: Budget = NO_BUDGET
    budgets: BudgetStanding = BudgetStanding()
    lessons: tuple[ToldLesson, ...] = ()
    """What people want said of what sent it back last."""

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state in TERMINAL

    @property
    def is_verifying(self) -> bool:
        """Whether its gates run, or will run once a trouble is over: nothing is asked of its holder meanwhile."""
        return self.reason is Reason.GATES_RUNNING or (self.reason is Reason.EXTERNAL and bool(self.awaited))

    @property
    def is_at_work_elsewhere(self) -> bool:
        """Whether it stands at the step whose work is made elsewhere."""
        return self.elsewhere is not None and self.elsewhere.step == self.step

    @property
    def is_elsewhere(self) -> bool:
        """Whether that is so, and the step was given to nobody here."""
        return self.is_at_work_elsewhere and self.owner is None

    @property
    def waits_to_begin(self) -> bool:
        """Whether it waits for siblings, and has not begun."""
        return bool(self.after) and not self.unblocked

    @property
    def wanted(self) -> str | None:
        """Who may claim it while it waits for an agent: the owner that it was given to, else the step's role."""
        held = {Reason.DEPENDENCY, Reason.WAVE_HELD, Reason.ELSEWHERE}
        is_held = self.reason in held or self.waits_to_begin
        waits = self.state is State.SUBMITTED and not is_held
        return (self.owner or self.role) if waits else None

    def request(self, request_id: str) -> Request | None:
        """The open request with that id."""
        return next((r for r in self.requests if r.id == request_id), None)

    def found(self, step: str, gate: str) -> Evidence | None:
        """The evidence that counts now for `gate` of `step`; None when there is none, or it is stale."""
        evidence = self.evidence.get(evidence_key(step, gate))
        return evidence if evidence is not None and self.is_current(evidence) else None

    def policy(self, step: str, gate: str) -> PolicyFinding | None:
        """What the policy gate said of what counts now; None where it was not judged, or about something else."""
        finding = self.policies.get(evidence_key(step, gate))
        head, base = (self.submission.head, self.submission.base) if self.submission is not None else ("", "")
        now = (head, base, self.definition, self.visits.get(step, 0))
        is_now = finding is not None and (finding.head, finding.base, finding.definition, finding.visit) == now
        return finding if is_now else None

    def passed(self, step: str, gate: str) -> bool:
        """Whether `gate` of `step` has current evidence that says pass; absence is no."""
        evidence = self.found(step, gate)
        return evidence is not None and evidence.verdict is Verdict.PASS

    def is_current(self, evidence: Evidence) -> bool:
        """Whether evidence is about the commit, merge-base and workflow that count now."""
        submission = self.submission
        if submission is None or evidence.definition != self.definition:
            return False
        return (evidence.head, evidence.tree, evidence.base) == (submission.head, submission.tree, submission.base)
