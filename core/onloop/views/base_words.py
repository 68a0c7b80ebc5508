"""What is known of a task's base, and how its workflow was amended, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.task import Kind, Task
from onloop.text import safe

LONGEST = 200


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
