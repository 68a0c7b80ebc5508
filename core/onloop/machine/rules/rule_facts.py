"""What a rule may ask about: the task, what its gates found, and what people decided, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onloop.machine.change_facts import ChangeFacts
from onloop.machine.definition import Definition
from onloop.machine.rules.bypass_standing import bypasses_now
from onloop.machine.task import DecisionKind, Evidence, Task
from onloop.machine.way import way_to
from onloop.records import fields_of, values_of


def rule_facts(definition: Definition, task: Task) -> Mapping[str, Any]:
    """The facts for a rule of the step where the task stands: a pure function of what is recorded."""
    return {
        "task": _task(definition, task),
        "change": _change(task),
        "evidence": _evidence(definition, task),
        "history": _history(task),
    }


def _task(definition: Definition, task: Task) -> Mapping[str, Any]:
    here = task.step or ""
    step = definition.step(here)
    return {
        "id": task.id,
        "kind": "work" if task.parent in {None, task.run} else "child",
        "repo": task.repo or "",
        "target": task.target,
        "labels": list(task.labels),
        "workflow": task.workflow,
        "step": here,
        "phase": step.phase,
        "role": step.role or "",
        "visits": task.visits.get(here, 0),
        "attempt": task.attempt,
        "tries": task.tries,
        "round": task.round,
    }


def _change(task: Task) -> Mapping[str, Any]:
    """Nothing before work was handed in, and nothing where an older submission did not say: then a rule denies."""
    facts = task.submission.facts if task.submission is not None else None
    if facts is None:
        return {}
    return dict(zip(fields_of(ChangeFacts), values_of(facts), strict=True))


def _evidence(definition: Definition, task: Task) -> Mapping[str, Any]:
    """By gate: what was found, and counts now. Of two gates called alike, the step that was entered last has it."""
    return {
        gate.id: _of(evidence)
        for step in way_to(definition, task)
        for gate in step.machine_gates
        if (evidence := task.found(step.id, gate.id)) is not None
    }


def _of(found: Evidence) -> Mapping[str, Any]:
    """One gate's answer; what nobody counted is left out, so that a rule that asks for it denies."""
    facts: dict[str, Any] = {
        "verdict": found.verdict.value,
        "step": found.step,
        "seconds": found.duration_ms / 1000,
        "network": found.network,
        "isolation": found.isolation,
        "flags": len(found.flags),
    }
    if found.exit_code is not None:
        facts["exit_code"] = found.exit_code
    if found.score is not None:
        facts["score"] = found.score / 1000
    facts |= {name: value for name, value in _of_reports(found) if value is not None}
    if found.tests is not None:
        facts |= {"ran": found.tests.ran, "skipped": found.tests.skipped, "failed": found.tests.failed}
        facts |= {} if found.tests.base_ran is None else {"base_ran": found.tests.base_ran}
    return facts


def _of_reports(found: Evidence) -> Iterator[tuple[str, float | int | None]]:
    yield "coverage", None if found.coverage is None else found.coverage / 100
    yield "base_coverage", None if found.coverage_base is None else found.coverage_base / 100
    yield "findings", found.findings
    yield "new_findings", found.findings_new


def _history(task: Task) -> Mapping[str, Any]:
    answers = [decision.answer for decision in task.decisions]
    return {
        "rejections": answers.count(DecisionKind.REJECT),
        "approvals": answers.count(DecisionKind.APPROVE),
        "retries": answers.count(DecisionKind.RETRY),
        "bypasses": len(bypasses_now(task)),
        "amendments": len(task.amendments),
        "steps": sum(task.visits.values()),
    }
