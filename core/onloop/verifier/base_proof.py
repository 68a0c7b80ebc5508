"""Shows whether a workflow is green on a base before anything begins: its gates run as a verifier runs them."""

from __future__ import annotations

import time
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.gates.environments.box_user import settled
from onloop.gates.evaluation import GateSubject, base_result
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.machine.definition import CommandGate, Definition
from onloop.machine.principal import verifier
from onloop.machine.task import Verdict
from onloop.records import Record
from onloop.verifier.gate_context import base_context, blob_of

TAIL = 4_000
"""How much of a gate's output is shown, in characters."""


class GateProof(Record):
    """What one gate found on the base, how long it took with all that it needed (ms), and the end of its output."""

    gate: str
    verdict: Verdict
    summary: str
    took_ms: int
    tail: str

    @property
    def passed(self) -> bool:
        """Whether the gate passes on the base."""
        return self.verdict is Verdict.PASS


def prove(
    opened: GatewayHandle, mirror: Mirror, commit: str, definition: Definition, told: Callable[[GateProof], None]
) -> tuple[GateProof, ...]:
    """What every command gate of a workflow finds on a commit of the mirror; each is `told` as soon as it is known.

    It runs in the box and with the code of a verifier's gates, and what it finds is kept as such results are: the
    same gate is not run there again when work begins.
    """
    box = settled(strongest_box(), opened.home.kept)  # else the verifier would set up all of it once more
    context = base_context(opened, verifier("init"), mirror, definition, box)
    subject = GateSubject("init", definition.digest, commit, mirror.tree(commit), commit)
    found = list[GateProof]()
    for step in definition.steps:
        for gate in step.machine_gates:
            if not isinstance(gate, CommandGate) or gate.fails_on_base:
                continue
            began = time.monotonic_ns()
            evidence = base_result(gate, subject, context).evidence
            took = (time.monotonic_ns() - began) // 1_000_000
            output = (blob_of(opened, evidence.output) if evidence.output else None) or b""
            tail = output.decode("utf-8", "replace")[-TAIL:]
            found.append(GateProof(gate.id, evidence.verdict, evidence.summary, took, tail))
            told(found[-1])
    return tuple(found)
