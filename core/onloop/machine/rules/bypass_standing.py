"""Which bypasses count now: of this work, under this workflow, by people who still may. Absence is no."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.definition import Assurance, Gate, HumanGate, OverrideRule, Step
from onloop.machine.rules.people.entitlement import bars_amender, did_the_work, may_decide
from onloop.machine.task import Bypass, Task

People = Mapping[str, tuple[str, ...]]
LEAST = Assurance.A1
"""The least that must be proved by whoever bypasses a gate, whatever the workflow says."""


def gates_of(step: Step) -> tuple[Gate, ...]:
    """Every gate of a step, the implicit one of a `run:` step among them."""
    return (*step.machine_gates, *step.review_gates, *step.policy_gates, *step.human_gates)


def demanded(gate: Gate, rule: OverrideRule) -> Assurance:
    """What must be proved by whoever bypasses the gate: never less than to approve it."""
    own = gate.assurance if isinstance(gate, HumanGate) else LEAST
    return max(LEAST, rule.assurance, own, key=lambda level: level.value)


def said_of_now(task: Task, step: str, gate: str) -> tuple[Bypass, ...]:
    """What people said of the gate of that step: on the commit, base, workflow and visit that count now."""
    submission = task.submission
    now = (submission.head, submission.base) if submission else ("", "")
    subject = (step, gate, task.visits.get(step, 0), *now, task.definition)
    return tuple(b for b in task.bypasses if (b.step, b.gate, b.visit, b.head, b.base, b.definition) == subject)


def may_bypass(task: Task, gate: Gate, rule: OverrideRule, person: str, people: People) -> bool:
    """Whether a person may bypass the gate: among those whom the rule names, and neither author nor amender.

    A rule that names nobody lets nobody.
    """
    asks_people = gate if isinstance(gate, HumanGate) else None
    barred = did_the_work(task, person) or bars_amender(task, asks_people, person)
    return bool(rule.by) and not barred and may_decide(person, people.get(person), rule.by)


def counted_bypasses(task: Task, step: str, gate: Gate, people: People) -> tuple[Bypass, ...]:
    """The bypasses of the gate that count now, one for each person."""
    rule = gate.override
    if rule is None:
        return ()
    counted = {
        each.by: each
        for each in said_of_now(task, step, gate.id)
        if each.assurance.reaches(demanded(gate, rule)) and may_bypass(task, gate, rule, each.by, people)
    }
    return tuple(counted.values())


def is_bypassed(task: Task, step: Step, gate: Gate, people: People) -> bool:
    """Whether enough different people have bypassed the gate, for the work as it is now."""
    rule = gate.override
    return rule is not None and len(counted_bypasses(task, step.id, gate, people)) >= rule.quorum


def looks_bypassed(task: Task, step: Step, gate: Gate) -> bool:
    """The same as it was recorded, without asking who is enrolled now: for what is shown, never for a decision."""
    rule = gate.override
    return rule is not None and len({each.by for each in said_of_now(task, step.id, gate.id)}) >= rule.quorum


def bypasses_now(task: Task) -> tuple[Bypass, ...]:
    """Every bypass of the work as it is now, at whatever step."""
    return tuple(each for each in task.bypasses if each in said_of_now(task, each.step, each.gate))


def bypass_words(task: Task) -> str:
    """That gates were bypassed, which and by whom, as a sentence that follows another; empty where none was."""
    found = bypasses_now(task)
    if not found:
        return ""
    gates = list(dict.fromkeys(f"{each.step}:{each.gate}" for each in found))
    people = ", ".join(dict.fromkeys(each.by for each in found))
    count = "1 gate was" if len(gates) == 1 else f"{len(gates)} gates were"
    return f" {count} bypassed by {people}, and did not pass: {', '.join(gates)}."
