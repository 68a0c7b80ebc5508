"""Apply what was found on the base, and what a person put right in a live run, to a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from onloop.machine import events as e
from onloop.machine.base_facts import BaseCheck
from onloop.machine.task import Evidence, Task, evidence_key
from onloop.records import replace

LookedFirst = e.BaseGatesRequested | e.BaseReported | e.BaseAccepted | e.StepSkipped


def looked_first(task: Task, event: LookedFirst) -> Task:
    """The task after a fact about what an agent would begin with."""
    match event:
        case e.BaseGatesRequested(step, visit, gates):
            before = task.base_checks.get(step)
            check = BaseCheck(gates, visit, before.number + 1 if before else 1, gates)
            kept = {key: found for key, found in task.base_evidence.items() if found.step != step}
            return replace(task, base_checks={**task.base_checks, step: check}, base_evidence=kept)
        case e.BaseReported(evidence):
            return _answered(task, evidence)
        case e.BaseAccepted(step, by, gates):
            check = replace(task.base_checks.get(step) or BaseCheck(gates, 0), accepted_by=by)
            return replace(task, base_checks={**task.base_checks, step: check})
        case e.StepSkipped(step, submission):
            found = {key: seen for key, seen in task.base_evidence.items() if seen.step == step}
            after = replace(task, evidence={**task.evidence, **found})
            return after if submission is None else replace(after, submission=submission, voided="", flagged=())
        case _:
            assert_never(event)


def _answered(task: Task, evidence: Evidence) -> Task:
    check = task.base_checks.get(evidence.step) or BaseCheck((evidence.gate,), 0)
    awaited = tuple(gate for gate in check.awaited if gate != evidence.gate)
    key = evidence_key(evidence.step, evidence.gate)
    return replace(
        task,
        base_checks={**task.base_checks, evidence.step: replace(check, awaited=awaited)},
        base_evidence={**task.base_evidence, key: evidence},
    )


def left_waiting(task: Task) -> Mapping[str, BaseCheck]:
    """The checks of a task that waits for none: a late answer is ignored."""
    if not any(check.awaited for check in task.base_checks.values()):
        return task.base_checks
    return {step: replace(check, awaited=()) for step, check in task.base_checks.items()}


def put_right(task: Task, event: e.Amended | e.Retargeted) -> Task:
    """The task after a person mended its workflow, or where it works: what was found on the base counts no more."""
    fresh = replace(task, base_checks={}, base_evidence={}, awaited=())
    match event:
        case e.Amended(amendment, name):
            amendments = (*task.amendments, amendment)
            why = f"its workflow was amended by {amendment.by}" if task.submission else ""
            return replace(fresh, definition=amendment.after, workflow=name, amendments=amendments, voided=why)
        case e.Retargeted(repo, origin, target):
            return replace(fresh, repo=repo, origin=origin, target=target)
        case _:
            assert_never(event)
