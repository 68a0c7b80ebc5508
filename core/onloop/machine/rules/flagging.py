"""Whether a person was shown each flagged path; nothing flagged is merged otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from onloop.machine.definition import Assurance, Definition, HumanGate
from onloop.machine.digest import canonical
from onloop.machine.flags import Flag, FlagKind, flagged_clauses, in_order
from onloop.machine.task import Decision, DecisionKind, Evidence, Task, Verdict

FLAGGED = "flagged"
"""The id of the approval that an effect asks for when nobody was shown what the work changes about its judges."""

_APPROVERS = "approvers"


def evidence_flags(evidence: Evidence) -> tuple[Flag, ...]:
    """The flags of one piece of evidence; older evidence named paths without a kind."""
    return evidence.flags or tuple(Flag(path, FlagKind.CONFIGURATION) for path in evidence.changed_config)


def flags_of(task: Task) -> tuple[Flag, ...]:
    """All that is flagged in what vouches for the current submission, and on what it would become when merged."""
    vouching = [e for e in task.evidence.values() if e.verdict is Verdict.PASS and task.is_current(e)]
    return in_order((*task.flagged, *(flag for e in vouching for flag in evidence_flags(e))))


def flags_digest(task: Task) -> str:
    """What a decision keeps of the flags that it was made on; empty where there are none."""
    flags = flags_of(task)
    if not flags:
        return ""
    return sha256(canonical([[flag.path, flag.kind.value] for flag in flags])).hexdigest()


def is_under_pin(task: Task, decision: Decision) -> bool:
    """Whether a decision was made under the workflow that counts now; older ones did not name theirs."""
    return decision.definition == task.definition or not (decision.definition or task.amendments)


def flag_gate(definition: Definition, people: Mapping[str, tuple[str, ...]]) -> HumanGate:
    """Who is asked about flags: an approver (anybody enrolled where there is none), as well proved as any gate asks."""
    asked = [gate.assurance for step in definition.steps for gate in step.human_gates]
    has_approvers = any(_APPROVERS in groups for groups in people.values())
    level = max(asked, default=Assurance.A0, key=lambda assurance: assurance.value)
    return HumanGate(FLAGGED, (_APPROVERS,) if has_approvers else (), assurance=level)


def covering(
    definition: Definition, task: Task, people: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Decision, HumanGate]]:
    """The approvals of this commit and base that were made on exactly these flags, each with the gate that asked.

    An approval that a rejection followed does not count.
    """
    submission, flags = task.submission, flags_digest(task)
    for decision in reversed(task.decisions):
        if decision.answer is DecisionKind.REJECT:
            return
        if decision.answer is not DecisionKind.APPROVE or submission is None or decision.flagged != flags:
            continue
        gate = _gate_of(definition, decision, people) if is_under_pin(task, decision) else None
        if gate is not None and (decision.head, decision.base) == (submission.head, submission.base):
            yield decision, gate


def _gate_of(definition: Definition, decision: Decision, people: Mapping[str, tuple[str, ...]]) -> HumanGate | None:
    if decision.gate == FLAGGED:
        return flag_gate(definition, people)
    gates = (gate for step in definition.steps if step.id == decision.step for gate in step.human_gates)
    return next((gate for gate in gates if gate.id == decision.gate), None)


def flagged_question(task: Task) -> str:
    """What is asked about flags, in one sentence that names the worst of them."""
    head = task.submission.head[:12] if task.submission else "nothing"
    where = f" of {task.repo}" if task.repo else ""
    told = ", and it ".join(flagged_clauses(flags_of(task)))
    return f"May {head} go into {task.target}{where}, though it {told}?"
