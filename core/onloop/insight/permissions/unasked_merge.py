"""PURE: whether a workflow has a way to a merge on which no person is asked."""

from __future__ import annotations

from onloop.machine.definition import END, Definition, Effect


def merges_unasked(definition: Definition) -> str:
    """The step that merges and that some way reaches without a gate of people; empty where there is none."""
    if not definition.steps:
        return ""
    waiting, seen = [definition.steps[0].id], set[str]()
    while waiting:
        step = definition.step(waiting.pop())
        if step.id in seen or step.human_gates:
            continue
        seen.add(step.id)
        if step.effect is Effect.MERGE:
            return step.id
        waiting.extend(to for to in definition.followers(step.id) if to != END)
    return ""
