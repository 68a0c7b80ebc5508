"""The steps of a child that does one combination of values: its commands name them."""

from __future__ import annotations

from onloop.machine.definition import CommandGate, Gate, Step
from onloop.machine.fan_out_parts import Combination, filled
from onloop.records import replace


def with_values(step: Step, values: Combination) -> Step:
    """The step with the values in the place of `{matrix.NAME}` in its commands and its brief."""
    return replace(
        step,
        run=None if step.run is None else tuple(filled(word, values) for word in step.run),
        brief=filled(step.brief, values),
        gates=tuple(_gate(gate, values) for gate in step.gates),
    )


def _gate(gate: Gate, values: Combination) -> Gate:
    if not isinstance(gate, CommandGate):
        return gate
    return replace(gate, argv=tuple(filled(word, values) for word in gate.argv))
