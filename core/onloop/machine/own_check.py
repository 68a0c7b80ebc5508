"""PURE: what the gateway's own check run says of a task on the head of its pull request."""

from __future__ import annotations

from onloop.machine.effect_specs import Effect
from onloop.machine.forge_check import CheckStanding, OwnCheck
from onloop.machine.links import LinkKind
from onloop.machine.state import State
from onloop.machine.task import Task


def own_check(task: Task) -> OwnCheck | None:
    """What the forge must show of the task now; None where no pull request of it shows any work."""
    head = shown_head(task)
    return OwnCheck(head, _standing(task, head)) if head else None


def due_check(task: Task) -> OwnCheck | None:
    """The same where the forge does not show it yet."""
    wanted = own_check(task)
    return wanted if wanted != task.reported else None


def shown_head(task: Task) -> str:
    """The commit that the task's pull request shows: what we pushed last, else what was handed in from there."""
    if not any(link.kind is LinkKind.PULL_REQUEST for link in task.links):
        return ""
    if task.pushed:
        return task.pushed[-1]
    return task.submission.head if task.submission is not None else ""


def _standing(task: Task, head: str) -> CheckStanding:
    """Success only where the merge of exactly that commit has begun or is done: every gate before it is satisfied."""
    is_head = task.submission is not None and task.submission.head == head
    merges = task.effect is not None and task.effect.kind == Effect.MERGE.value
    if is_head and (merges or task.merged_head == head or task.state is State.COMPLETED):
        return CheckStanding.SUCCESS
    if task.ended:
        return CheckStanding.FAILURE
    if task.state in {State.INPUT_REQUIRED, State.PAUSED}:
        return CheckStanding.ACTION_REQUIRED
    return CheckStanding.QUEUED if task.state is State.SUBMITTED else CheckStanding.IN_PROGRESS
