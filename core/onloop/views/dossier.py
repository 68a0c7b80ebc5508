"""Everything a person must see before they decide one task, put together once for the sheet and for `onloop show`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from onloop.gates.repository.file_changes import FileChange
from onloop.machine.budgets import BudgetLine
from onloop.machine.definition import Definition, DenyOutcome, HumanGate, PolicyGate, ReviewGate, Step
from onloop.machine.digest import evidence_digest, shown_digest
from onloop.machine.limits import Id
from onloop.machine.rules.fan_out import join_words
from onloop.machine.rules.flagging import FLAGGED, is_under_pin
from onloop.machine.rules.freshness import proof_words
from onloop.machine.rules.independence import is_among, is_reviewed, judged
from onloop.machine.rules.people.entitlement import counted_voices
from onloop.machine.task import Decision, DecisionKind, Evidence, Kind, Request, Task
from onloop.records import Record, replace
from onloop.store.past_reading import PastReading
from onloop.store.port import Reading, Seq
from onloop.store.rows import Job, Lease, SubAgent
from onloop.views.base_words import BaseState, base_state
from onloop.views.bypass_lines import override_words, with_bypass
from onloop.views.changes import NOT_ASKED, Changes
from onloop.views.children import Result, results, swarm_of
from onloop.views.consequences import amend_command, consequences, is_about_base, no_worse_consequence
from onloop.views.gate_standing import UNMET as UNMET
from onloop.views.gate_standing import GateLine as GateLine
from onloop.views.gate_standing import GateStatus as GateStatus
from onloop.views.gate_standing import standing
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of
from onloop.views.put_off_jobs import PUT_OFF, is_put_off
from onloop.views.query import Query
from onloop.views.spending import budgets_of
from onloop.views.sub_agents import sub_agents_of

if TYPE_CHECKING:
    pass

TAIL_LIMIT = 4_000
ARTEFACT_LIMIT = 4_000
"""How much of an artefact is shown, in characters."""


class Asked(Record):
    """An open request with the digest that a decision must return, and what each answer would do.

    Where the base is red: what going on no worse than it would do, empty if it would be refused, and the command line
    that mends the workflow instead.
    """

    request: Request
    digest: str
    choices: Mapping[DecisionKind, str]
    no_worse: str = ""
    amend: str = ""
    overrides: tuple[str, ...] = ()
    """Who may let the work past which gate, and with which command."""


class BaseSeen(Record):
    """What is known of the gates on what an agent begins with: where they ran last, and who accepted what fails."""

    state: BaseState
    commit: str = ""
    gates: tuple[GateLine, ...] = ()
    accepted_by: str = ""


class ShownArtefact(Record):
    """A file that an agent handed over with what counts now; `text` is its beginning, None where it is no text."""

    name: str
    size: int
    digest: str
    text: str | None


class Dossier(Record):
    """One task for a person's eyes. What agents wrote (`statement`, `artefacts`, `diff`) is untrusted text.

    `join` says in words how the children of the current step stand towards what it asks of them; `sub_agents` are in
    the process of the lease's holder, as that agent says.
    """

    task: Task
    lease: Lease | None
    asked: tuple[Asked, ...]
    gates: tuple[GateLine, ...]
    files: tuple[FileChange, ...]
    diff: str
    trouble: str
    artefacts: tuple[ShownArtefact, ...]
    children: tuple[Result, ...] = ()
    join: str = ""
    sub_agents: tuple[SubAgent, ...] = ()
    addressed: tuple[str, ...] = ()
    """Those enrolled whose address commits carry: whoever commits chooses it, so it bars nobody."""
    base: BaseSeen | None = None
    content: str = ""
    """The digest of what changes, whatever the commits."""
    budgets: tuple[BudgetLine, ...] = ()
    """Each limit that holds it where it stands, with what is spent of it."""

    def with_changes(self, changes: Changes) -> Dossier:
        """The same with what the submission changes."""
        return replace(self, files=changes.files, diff=changes.diff, trouble=changes.trouble, content=changes.content)

    @property
    def statement(self) -> str:
        """What the agent says about its work."""
        return self.task.submission.statement if self.task.submission else ""


def dossier_of(reading: Reading, task: Task, changes: Changes = NOT_ASKED) -> Dossier:
    """Put the dossier of `task` together, with what its submission changes."""
    definition = definition_of(reading, task)
    asked = tuple(_asked(definition, task, request) for request in task.requests)
    waiting = _put_off(reading, task)
    lines = (_not_yet(line, waiting) for line in gate_lines(definition, task) if task.kind is Kind.WORK)
    gates = tuple(_with_tail(reading, line) for line in lines)
    lease = reading.get(Lease, task.id)
    within = sub_agents_of((lease,), reading.select(SubAgent, task=task.id)) if lease else {}
    return Dossier(
        task=task,
        lease=lease,
        asked=asked,
        gates=gates,
        files=changes.files,
        diff=changes.diff,
        trouble=changes.trouble,
        artefacts=_artefacts(reading, task),
        children=results(reading, task),
        join=join_words(definition, task, swarm_of(reading, task)),
        sub_agents=within.get(task.id, ()),
        addressed=_addressed(reading, task),
        base=_base(reading, definition, task),
        content=changes.content,
        budgets=budgets_of(reading, definition, task, lease),
    )


def said_before(task: Task, request: Request) -> tuple[Decision, ...]:
    """What others have answered to a request that is still open, such as the first of two who must approve."""
    return tuple(decision for decision in task.decisions if decision.request == request.id)


def _asked(definition: Definition, task: Task, request: Request) -> Asked:
    digest = shown_digest(task, request)
    return Asked(
        request,
        digest,
        consequences(definition, task, request),
        no_worse_consequence(definition, task, request),
        amend_command(task.id) if is_about_base(task, request) else "",
        override_words(definition, task, request, digest),
    )


def _base(reading: Reading, definition: Definition, task: Task) -> BaseSeen | None:
    state = base_state(definition, task)
    if state is None:
        return None
    found = sorted(task.base_evidence.values(), key=lambda each: each.at)
    accepted = sorted({check.accepted_by for check in task.base_checks.values() if check.accepted_by})
    lines = tuple(_with_tail(reading, _base_line(each)) for each in found)
    return BaseSeen(state, found[-1].head if found else "", lines, ", ".join(accepted))


def _base_line(found: Evidence) -> GateLine:
    mark = _MARKS.get(found.verdict.value, GateStatus.PASSED)
    return GateLine(found.step, found.gate, mark, found.summary, found, evidence_digest(found), "")


def statement_words(task: Task) -> str:
    """With which commit the agent said what it says, for after which something else may have been found."""
    return f"said with {task.submission.head[:12]}" if task.submission else ""


def addressed_words(person: str) -> str:
    """That commits carry a person's address, and how much that means."""
    return f"commits carry the address of human:{person}; whoever commits chooses it, and it bars nobody"


def _addressed(reading: Reading, task: Task) -> tuple[str, ...]:
    authors = task.submission.authors if task.submission else ()
    return tuple(sorted(name for name, who in reading.house().people.items() if is_among(who.email, authors)))


def failure_tails(reading: Reading, lines: Iterable[GateLine]) -> Mapping[str, str]:
    """The end of what each of these gates that did not pass has printed: for a brief, and untrusted text."""
    unmet = (_with_tail(reading, line) for line in lines if line.mark in UNMET)
    return {line.gate: line.tail for line in unmet if line.tail}


def gate_lines(definition: Definition, task: Task) -> tuple[GateLine, ...]:
    """How every gate of the workflow stands for a person, in the order of its steps, output tails left out."""
    return tuple(
        standing(definition, task, step, line) for step in definition.steps for line in _step_lines(task, step)
    )


def step_lines(definition: Definition, task: Task, step_id: str | None) -> tuple[GateLine, ...]:
    """What is known of every gate of one step, for its agent; nothing where the workflow has no such step."""
    return tuple(line for step in definition.steps if step.id == step_id for line in _step_lines(task, step))


def _step_lines(task: Task, step: Step) -> Sequence[GateLine]:
    return [with_bypass(task, step, line) for line in _bare_lines(task, step)]


def _bare_lines(task: Task, step: Step) -> Sequence[GateLine]:
    machine = [_machine_line(task, step, gate.id) for gate in step.machine_gates]
    reviews = [_review_line(task, step, gate) for gate in step.review_gates]
    asked = [HumanGate(FLAGGED, request.approvers) for request in task.requests if _is_about_flags(request, step)]
    said = [HumanGate(FLAGGED, ()) for d in task.decisions[-1:] if d.gate == FLAGGED and d.step == step.id]
    people = (*step.human_gates, *(asked or said)[:1])
    rules = [_policy_line(task, step, gate) for gate in step.policy_gates]
    return [*machine, *reviews, *rules, *(_human_line(task, step, gate) for gate in people)]


def _is_about_flags(request: Request, step: Step) -> bool:
    return request.gate == FLAGGED and request.step == step.id


def _machine_line(task: Task, step: Step, gate: str) -> GateLine:
    current = task.found(step.id, gate)
    if task.step == step.id and gate in task.awaited:
        return GateLine(step.id, gate, GateStatus.RUNNING, "a verifier is asked", None, None, "")
    if current is not None:
        mark = GateStatus.PASSED if task.passed(step.id, gate) else _MARKS[current.verdict.value]
        return GateLine(step.id, gate, mark, current.summary, current, evidence_digest(current), "")
    old = task.evidence.get(f"{step.id}:{gate}")
    if old is not None:
        return GateLine(
            step.id, gate, GateStatus.STALE, f"about {old.head[:12]}, which no longer counts", old, None, ""
        )
    return GateLine(step.id, gate, GateStatus.MISSING, "no evidence", None, None, "")


def _review_line(task: Task, step: Step, gate: ReviewGate) -> GateLine:
    found = judged(task, step, gate)
    words = "; ".join(
        f"agent-judged {'pass' if j.passes else 'fail'} by {j.by} ({j.independence.value}): {j.reason}" for j in found
    )
    if is_reviewed(task, step, gate):
        return GateLine(step.id, gate.id, GateStatus.PASSED, words, None, None, "")
    if any(not j.passes for j in found):
        return GateLine(step.id, gate.id, GateStatus.FAILED, words, None, None, "")
    return GateLine(step.id, gate.id, GateStatus.MISSING, words or "no reviewer has judged it", None, None, "")


def _policy_line(task: Task, step: Step, gate: PolicyGate) -> GateLine:
    """What a policy said, with its explanation and the values that it read."""
    mark, words = _policy_standing(task, step, gate)
    tried = "" if gate.enforces else "tried only, stops nothing: "
    explained = f"{gate.explain.strip().rstrip('.')}: " if gate.explain.strip() else ""
    return GateLine(step.id, gate.id, mark, f"{tried}{explained}{words}", None, None, "")


def _policy_standing(task: Task, step: Step, gate: PolicyGate) -> tuple[GateStatus, str]:
    finding = task.policy(step.id, gate.id)
    if finding is None:
        return GateStatus.MISSING if gate.enforces else GateStatus.LATER, "not judged"
    read = f"; {', '.join(finding.values)}" if finding.values else ""
    if finding.allows:
        return GateStatus.PASSED, f"allowed{read}"
    words = f"denied: {finding.words}{read}"
    if not gate.enforces:
        return GateStatus.EARLIER, words
    if gate.on_deny is not DenyOutcome.APPROVALS:
        return GateStatus.FAILED, words
    asked = _human_line(task, step, gate.demanded)
    return asked.mark, f"{words}; {asked.summary}"


_MARKS: Mapping[str, GateStatus] = {
    "fail": GateStatus.FAILED,
    "error": GateStatus.ERROR,
    "timed_out": GateStatus.TIMED_OUT,
}


def _human_line(task: Task, step: Step, gate: HumanGate) -> GateLine:
    said = [d for d in task.decisions if (d.step, d.gate) == (step.id, gate.id)]
    subject = (task.submission.head, task.submission.base) if task.submission else ("", "")
    visit = task.visits.get(step.id, 0)
    approved = (d for d in said if d.answer is DecisionKind.APPROVE and is_under_pin(task, d))
    now = [d for d in approved if (d.visit, d.head, d.base) == (visit, *subject)]
    if any(request.gate == gate.id and request.step == step.id for request in task.requests):
        words = f"{counted_voices(now)} of {gate.quorum} from {', '.join(gate.approvers)}"
        return GateLine(step.id, gate.id, GateStatus.WAITING, words, None, None, "")
    if counted_voices(now) >= gate.quorum:
        words = ", ".join(f"{d.who} ({proof_words(d)})" for d in now)
        return GateLine(step.id, gate.id, GateStatus.PASSED, f"approved by {words}", None, None, "")
    words = f"last: {said[-1].answer.value} by {said[-1].who}" if said else "nobody has decided"
    return GateLine(step.id, gate.id, GateStatus.MISSING, words, None, None, "")


def _put_off(reading: Reading, task: Task) -> Mapping[str, str]:
    """Why gates that ask outside have no answer yet, by gate."""
    jobs = reading.select(Job, task=task.id) if task.awaited else ()
    return {job.gate or "": (job.leased_by or "").removeprefix(PUT_OFF) for job in jobs if is_put_off(job)}


def _not_yet(line: GateLine, waiting: Mapping[str, str]) -> GateLine:
    words = waiting.get(line.gate)
    is_asked = words is not None and line.mark is GateStatus.RUNNING
    return replace(line, summary=f"not yet: {words}") if is_asked else line


def _with_tail(reading: Reading, line: GateLine) -> GateLine:
    if line.evidence is None or line.evidence.output is None:
        return line
    output = reading.blob(line.evidence.output)
    tail = "" if output is None else output.decode("utf-8", "replace")[-TAIL_LIMIT:]
    return GateLine(line.step, line.gate, line.mark, line.summary, line.evidence, line.digest, tail)


def _artefacts(reading: Reading, task: Task) -> tuple[ShownArtefact, ...]:
    handed = task.submission.artefacts if task.submission else ()
    return tuple(ShownArtefact(a.name, a.size, a.digest, _text(reading.blob(a.digest))) for a in handed)


def _text(content: bytes | None) -> str | None:
    """The beginning of a text; None for bytes that are none, or are not there."""
    if content is None or b"\0" in content:
        return None
    try:
        return content.decode()[:ARTEFACT_LIMIT]
    except UnicodeDecodeError:
        return None


class ReadDossier(Query[Dossier], frozen=True):
    """Everything that a person must see of a task, but for what its commit changes; UnknownThing without the task."""

    name: ClassVar[str] = "dossier"
    task: Id
    seq: Seq | None = None
    """The event after which it is seen; None: as it is now."""

    def carry_out(self, reading: Reading) -> Dossier:
        """See Query."""
        then = reading if self.seq is None else PastReading(reading, self.seq)
        return dossier_of(then, known_task(then, self.task))
