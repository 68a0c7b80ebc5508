"""Apply what became of an effect to a task."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import events as e
from onloop.machine.effect_specs import PUSHES, Effect
from onloop.machine.task import Outbox, Task
from onloop.records import replace

KEPT_PUSHED = 20
OfEffect = (
    e.EffectRequested
    | e.EffectStarted
    | e.EffectDone
    | e.EffectFailed
    | e.EffectVoided
    | e.Funnelled
    | e.Linked
    | e.CheckReported
)


def carried_out(task: Task, event: OfEffect) -> Task:
    """The task after a fact about its effect, or about the work that was put together for one."""
    match event:
        case e.EffectRequested(effect_id, effect):
            return replace(task, effect=Outbox(effect_id, effect.value), effects=task.effects + 1)
        case e.EffectStarted(effect_id, expected, result):
            return _begun(task, Outbox(effect_id, task.effect.kind if task.effect else "", expected, result))
        case e.EffectDone(_, result):
            is_merge = task.effect is None or task.effect.kind == Effect.MERGE
            after = replace(task, effect=None, voided="")
            shown = _head_of(task) if task.links else ""  # nobody outside is told of what has no link there
            return replace(after, result=result, merged_head=shown) if is_merge else after
        case e.EffectFailed(_, _, _, flags):
            return replace(task, effect=None, flagged=(*task.flagged, *flags))
        case e.EffectVoided(_, submission, why):
            return replace(task, submission=submission, effect=None, awaited=(), voided=why, flagged=())
        case e.Funnelled(submission):
            after = replace(task, submission=submission, funnel=submission.head, awaited=(), effect=None)
            return replace(after, voided="", flagged=())
        case e.Linked() | e.CheckReported():
            return _known_outside(task, event)
        case _:
            assert_never(event)


def _head_of(task: Task) -> str:
    return task.submission.head if task.submission is not None else ""


def _begun(task: Task, effect: Outbox) -> Task:
    """The intent is known; what is meant to be put on the task's own branch is ours from now on."""
    is_shown = task.submission is not None and effect.result == task.submission.head
    if effect.result is None or not (effect.kind in PUSHES or (effect.kind == Effect.MERGE and is_shown)):
        return replace(task, effect=effect)
    pushed = (*(head for head in task.pushed if head != effect.result), effect.result)
    return replace(task, effect=effect, pushed=pushed[-KEPT_PUSHED:])


def _known_outside(task: Task, event: e.Linked | e.CheckReported) -> Task:
    if isinstance(event, e.CheckReported):
        return replace(task, reported=event.check)
    others = tuple(known for known in task.links if known.key != event.link.key)
    return replace(task, links=(*others, event.link))
