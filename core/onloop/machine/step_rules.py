"""The rules that a workflow is written with: whoever decides about its tasks must be able to evaluate them."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.definition import Definition, Step, inner_steps


def rules_of(definition: Definition) -> tuple[str, ...]:
    """Every rule of the workflow, and of what its children walk, each once."""
    return tuple(dict.fromkeys(rule for step in definition.steps for rule in _rules(step)))


def _rules(step: Step) -> Iterator[str]:
    yield from (way.when for way in step.next if way.when)
    yield from (gate.rule for gate in step.policy_gates)
    if step.fan_out is not None:
        for inner in inner_steps(step.fan_out):
            yield from _rules(inner)
