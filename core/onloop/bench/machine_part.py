"""PURE: the part of a workflow that agents and verifiers walk alone: up to the first gate of people, or effect."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from onloop.machine.definition import (
    END,
    ArtefactGate,
    CommandGate,
    Definition,
    FileGate,
    Isolation,
    LocalGate,
    Step,
)
from onloop.machine.digest import canonical
from onloop.machine.next_rule import NextRule
from onloop.records import replace

_LOCAL = (CommandGate, FileGate, ArtefactGate)


def machine_part(definition: Definition, isolation: Isolation | None = None) -> Definition:
    """The steps of `definition` that need neither people nor the world outside, under a digest of their own.

    It ends before an effect, a fan-out, a wait, and a step that others alone judge. A step that others judge as well
    is its last, with the gates that a verifier answers. No step asks for an agent by name, or for another one than
    before. With `isolation`, every step takes that. Without such a step, there are no steps.
    """
    known = {step.id: step for step in definition.steps}
    kept = _reached(definition, known)
    steps = tuple(_alone(definition, known[step], kept, isolation) for step in known if step in kept)
    part = replace(definition, steps=_in_order(steps), policies=(), file="", digest="")
    return replace(part, digest=sha256(canonical(part)).hexdigest())


def local_gates(step: Step) -> tuple[LocalGate, ...]:
    """The gates of a step that a verifier answers without asking outside, that of its own command first."""
    return tuple(gate for gate in step.machine_gates if isinstance(gate, _LOCAL))


def gates_of(definition: Definition) -> tuple[tuple[str, str], ...]:
    """Every gate that a verifier answers, as step and gate, in the order of the file."""
    return tuple((step.id, gate.id) for step in definition.steps for gate in local_gates(step))


def _is_done_alone(step: Step) -> bool:
    """Whether anything of the step happens without people and without the world outside."""
    if step.effect is not None or step.fan_out is not None or step.wait_ms is not None:
        return False
    is_worked_on = step.role is not None or step.run is not None
    judged_by_others = len(step.gates) > len([gate for gate in step.gates if isinstance(gate, _LOCAL)])
    return bool(local_gates(step)) or (is_worked_on and not judged_by_others)


def _is_last(step: Step) -> bool:
    """Whether others have a say in whether the step may be left."""
    return any(not isinstance(gate, _LOCAL) for gate in step.gates)


def _reached(definition: Definition, known: Mapping[str, Step]) -> frozenset[str]:
    """The steps that some way leads to from the first one through steps that are done alone."""
    found: set[str] = set()
    waiting = [definition.steps[0].id] if definition.steps else []
    while waiting:
        step = waiting.pop()
        if step in found or step == END or not _is_done_alone(known[step]):
            continue
        found.add(step)
        if not _is_last(known[step]):
            waiting += definition.followers(step)
    return frozenset(found)


def _alone(definition: Definition, step: Step, kept: frozenset[str], isolation: Isolation | None) -> Step:
    """The step without what only others do, leading to steps that are kept, else to the end."""
    return replace(
        step,
        gates=tuple(gate for gate in step.gates if isinstance(gate, _LOCAL)),
        next=_ways(definition, step, kept),
        agent="",
        not_by=(),
        on_reject=None,
        on_conflict=None,
        on_fail=step.on_fail if step.on_fail in kept else None,
        isolation=step.isolation if isolation is None else isolation,
    )


def _ways(definition: Definition, step: Step, kept: frozenset[str]) -> tuple[NextRule, ...]:
    if _is_last(step):
        return (NextRule(END),)
    rules = step.next or tuple(NextRule(to) for to in definition.followers(step.id))
    return tuple(rule if rule.to in kept else replace(rule, to=END) for rule in rules)


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, without the rules that say what the order of the file says anyway."""
    following = (*(step.id for step in steps[1:]), END)
    return tuple(
        replace(step, next=()) if step.next == (NextRule(after),) else step
        for step, after in zip(steps, following, strict=False)
    )
