"""How a gate stands for a person: what is merely not due is calm, and what is due and not there is not."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.definition import ArtefactGate, Definition, Gate, HumanGate, ReviewGate, Step
from onloop.machine.rules.progress import vouching
from onloop.machine.state import Reason, State
from onloop.machine.step_marks import Mark, step_marks
from onloop.machine.task import DecisionKind, Evidence, RequestKind, Task, evidence_key
from onloop.records import Record, replace


class GateStatus(StrEnum):
    """How a gate stands, for a strip of them. The last five are calm: nothing is owed now."""

    PASSED = "passed"
    BYPASSED = "bypassed"
    """A person let the work past it: it has not passed."""
    FAILED = "failed"
    ERROR = "error"
    TIMED_OUT = "timed_out"
    RUNNING = "running"
    WAITING = "waiting"
    STALE = "stale"
    MISSING = "missing"
    NOT_YET = "not_yet"
    AGAIN = "again"
    EARLIER = "earlier"
    LATER = "later"
    NOT_TAKEN = "not_taken"


UNMET = frozenset({GateStatus.FAILED, GateStatus.ERROR, GateStatus.TIMED_OUT})
"""The marks of a gate that was answered, and not with a pass."""

CALM = frozenset({GateStatus.NOT_YET, GateStatus.AGAIN, GateStatus.EARLIER, GateStatus.LATER, GateStatus.NOT_TAKEN})
"""The marks of a gate whose answer is not owed now."""

_OPEN = frozenset({GateStatus.STALE, GateStatus.MISSING})


class GateLine(Record):
    """One gate of one step as it stands: absent evidence has a mark that says why, never a blank."""

    step: str
    gate: str
    mark: GateStatus
    summary: str
    evidence: Evidence | None
    digest: str | None
    tail: str


def standing(definition: Definition, task: Task, step: Step, found: GateLine) -> GateLine:
    """The line as it is shown to a person: STALE and MISSING stay only where the answer is owed now.

    Owed are answers that a decision or an effect rests on: of every step from the last agent's on, and, of the steps
    before, whatever judged another commit than the one that is decided.
    """
    if found.mark not in _OPEN:
        return found
    before = _before(task, step, found)
    if before is None:
        return _never_answered(definition, task, step, found)
    mark, words = _lost_subject(definition, task, step, found), before
    if mark is GateStatus.AGAIN:
        words = f"will be asked again; {before}"
    elif mark is GateStatus.STALE:
        words = f"{before}, which no longer counts"
    return replace(found, mark=mark, summary=words)


def _never_answered(definition: Definition, task: Task, step: Step, found: GateLine) -> GateLine:
    place = _place(definition, task, step)
    if step_marks(definition, task).get(step.id) is Mark.NOT_TAKEN:
        return replace(found, mark=GateStatus.NOT_TAKEN, summary="not on the way that was taken")
    if step.id not in task.visits or place > 0 or _ended_short(task):
        return replace(found, mark=GateStatus.LATER, summary="")
    if place == 0 and not _is_decided_on(definition, task):
        return replace(found, mark=GateStatus.NOT_YET, summary="")
    return found if _is_owed(definition, task, step) else replace(found, mark=GateStatus.EARLIER)


def _lost_subject(definition: Definition, task: Task, step: Step, found: GateLine) -> GateStatus:
    place = _place(definition, task, step)
    if _ended_short(task):
        return GateStatus.EARLIER
    if place > 0 or (place == 0 and not _is_decided_on(definition, task)):
        return GateStatus.AGAIN
    judges_commit = not isinstance(_gate(step, found.gate), ArtefactGate | HumanGate | ReviewGate)
    owed = _is_owed(definition, task, step)
    moved_on = judges_commit and task.state is not State.COMPLETED and _is_decided_on(definition, task)
    return GateStatus.STALE if owed or moved_on else GateStatus.EARLIER


def _before(task: Task, step: Step, found: GateLine) -> str | None:
    """What the gate was answered with when something else was its subject; None if it never was."""
    evidence = found.evidence or task.evidence.get(evidence_key(step.id, found.gate))
    if evidence is not None:
        return f"{evidence.verdict.value} about {evidence.head[:12]}"
    said = [d for d in task.decisions if (d.step, d.gate) == (step.id, found.gate)]
    if said:
        visit = [d for d in said if d.visit == said[-1].visit and d.answer is said[-1].answer]
        who = ", ".join(dict.fromkeys(d.who for d in visit))
        return f"{_PAST.get(said[-1].answer, said[-1].answer.value)} by {who}{_about(said[-1].head)}"
    reviews = [j for j in task.judgements if (j.step, j.gate) == (step.id, found.gate)]
    if reviews and found.gate in {gate.id for gate in step.review_gates}:
        last = reviews[-1]
        return f"agent-judged {'pass' if last.passes else 'fail'} by {last.by}{_about(last.head)}"
    return None


_PAST = {DecisionKind.APPROVE: "approved", DecisionKind.REJECT: "rejected"}


def _about(head: str) -> str:
    return f" about {head[:12]}" if head else ""


def _gate(step: Step, gate_id: str) -> Gate | None:
    return next((gate for gate in step.gates if gate.id == gate_id), None)


def _place(definition: Definition, task: Task, step: Step) -> int:
    """Whether the step lies behind (-1), is where the task stands (0), or lies ahead (1)."""
    ids = [known.id for known in definition.steps]
    here = ids.index(task.step) if task.step in ids else -1
    there = ids.index(step.id)
    return (there > here) - (there < here)


def _ended_short(task: Task) -> bool:
    return task.ended and task.state is not State.COMPLETED


def _is_decided_on(definition: Definition, task: Task) -> bool:
    """Whether a person decides about the work now, or an effect uses it or has used it."""
    if task.state is State.COMPLETED or task.reason is Reason.CHANGED_SINCE_APPROVAL:
        return True
    is_asked = any(request.kind is RequestKind.APPROVAL for request in task.requests)
    return is_asked or any(s.id == task.step and s.effect is not None for s in definition.steps)


def _is_owed(definition: Definition, task: Task, step: Step) -> bool:
    """Whether the answers of a step that was entered must hold for what is decided or done now."""
    if not _is_decided_on(definition, task) or task.step is None:
        return False
    here = definition.step(task.step)
    return step.id == here.id or step.id in {known.id for known in vouching(definition, task)}
