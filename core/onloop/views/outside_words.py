"""What a gate that asks outside demands, in a line."""

from __future__ import annotations

from onloop.machine.definition import ForgeGate, HttpGate, OutsideGate


def outside_words(gate: OutsideGate) -> str:
    """What must be said outside of the commit."""
    return _address_words(gate) if isinstance(gate, HttpGate) else _forge_words(gate)


def _forge_words(gate: ForgeGate) -> str:
    parts = [f"check {each.name} by {each.app}" for each in gate.checks]
    parts += [f"status {each.context} by {' or '.join(each.by)}" for each in gate.statuses]
    if gate.reviews is not None:
        who = f" of {', '.join(gate.reviews.by)}" if gate.reviews.by else ""
        parts.append(f"{gate.reviews.count} approving {'review' if gate.reviews.count == 1 else 'reviews'}{who}")
    return f"the forge says of the exact commit: {', '.join(parts)}"


def _address_words(gate: HttpGate) -> str:
    value = "" if gate.pointer is None else f", and {gate.pointer or 'the whole'} in it is {gate.equals}"
    return f"{gate.url} answers {' or '.join(map(str, gate.statuses))}{value}"
