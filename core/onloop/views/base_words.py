"""What is known of a task's base, and how its workflow was amended, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from onloop.machine.definition import Definition
from onloop.machine.rules.looking_first import checked_gates, checked_step
from onloop.machine.task import Kind, Task, Verdict, evidence_key
from onloop.text import safe

LONGEST = 200


class BaseState(StrEnum):
    """What is known of the gates on what an agent begins with."""

    GREEN = "green"
    RED = "red"
    AWAITED = "awaited"
    NOT_LOOKED_AT = "not_looked_at"


def base_state(definition: Definition, task: Task) -> BaseState | None:
    """What is known of the base; None where no gate of the workflow is run there. What a person accepted stays red."""
    step = checked_step(definition)
    if step is None or task.kind is not Kind.WORK:
        return None
    check = task.base_checks.get(step.id)
    if check is None:
        return BaseState.NOT_LOOKED_AT
    found = [task.base_evidence.get(evidence_key(step.id, gate.id)) for gate in checked_gates(step)]
    if check.awaited or None in found:
        return BaseState.AWAITED
    is_green = all(each is not None and each.verdict is Verdict.PASS for each in found)
    return BaseState.GREEN if is_green else BaseState.RED


def base_words(task: Task) -> Iterator[str]:
    """A line for each fact that the sheet must say: what gates found on the base, and that nobody looked there."""
    if task.kind is Kind.WORK and not task.check_base and not task.base_checks:
        yield "base: no gate was run on it before agents started"
    for found in task.base_evidence.values():
        where = f"base {found.head[:12]}: {found.gate} of {found.step}"
        yield f"{where} {found.verdict.value}: {safe(found.summary, LONGEST)}"
    for step, check in task.base_checks.items():
        if check.accepted_by:
            yield f"base: {check.accepted_by} accepted what fails at {step} there; gates allow that and nothing more"
    for amendment in task.amendments:
        pins = f"{amendment.before[:12]} → {amendment.after[:12]}"
        yield f"workflow amended by {amendment.by}, {pins}: {safe(amendment.reason, LONGEST)}"
