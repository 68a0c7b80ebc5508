"""PURE: the programs that a workflow names; they are pinned when its run starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onloop.machine.definition import CommandGate, Definition, Step


def named_programs(definition: Definition) -> tuple[str, ...]:
    """The first word of every command that a verifier runs for the workflow, those of its children too; sorted."""
    words = {argv[0] for argv in definition.environment.setup} | set(_of(definition.steps))
    return tuple(sorted(words))


def _of(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        yield from (gate.argv[0] for gate in step.machine_gates if isinstance(gate, CommandGate))
        if step.fan_out is not None:
            yield from _of((*step.fan_out.steps, *step.fan_out.resolve))
