"""Apply what became of an effect to a task."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import events as e
from onloop.machine.task import Outbox, Task
from onloop.records import replace

OfEffect = e.EffectRequested | e.EffectStarted | e.EffectDone | e.EffectFailed | e.EffectVoided | e.Funnelled


def carried_out(task: Task, event: OfEffect) -> Task:
    """The task after a fact about its effect, or about the work that was put together for one."""
    match event:
        case e.EffectRequested(effect_id, effect):
            return replace(task, effect=Outbox(effect_id, effect.value), effects=task.effects + 1)
        case e.EffectStarted(effect_id, expected, result):
            kind = task.effect.kind if task.effect else ""
            return replace(task, effect=Outbox(effect_id, kind, expected, result))
        case e.EffectDone(_, result):
            return replace(task, effect=None, result=result, voided="")
        case e.EffectFailed(_, _, _, flags):
            return replace(task, effect=None, flagged=(*task.flagged, *flags))
        case e.EffectVoided(_, submission, why):
            return replace(task, submission=submission, effect=None, awaited=(), voided=why, flagged=())
        case e.Funnelled(submission):
            after = replace(task, submission=submission, funnel=submission.head, awaited=(), effect=None)
            return replace(after, voided="", flagged=())
        case _:
            assert_never(event)
