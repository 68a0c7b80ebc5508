"""Shows whether a workflow is green on a base before anything begins: its gates run as a verifier runs them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.gates.evaluation import GateContext, GateSubject, evaluate
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.gates.toolchain import toolchain_of
from onloop.known_secrets import known_secrets
from onloop.machine.definition import CommandGate, Definition
from onloop.machine.task import Verdict
from onloop.records import Record

TAIL = 4_000
"""How much of a gate's output is kept, in characters."""


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

    It runs in the box and with the code of a verifier's gates. Nothing is recorded.
    """
    kept: dict[str, bytes] = {}
    context = _context(opened, mirror, definition, kept)
    subject = GateSubject("init", definition.digest, commit, mirror.tree(commit), commit)
    found = []
    for step in definition.steps:
        for gate in step.machine_gates:
            if isinstance(gate, CommandGate) and not gate.fails_on_base:
                found.append(_proved(gate, subject, context, kept))
                told(found[-1])
    return tuple(found)


def _proved(gate: CommandGate, subject: GateSubject, context: GateContext, kept: dict[str, bytes]) -> GateProof:
    began = time.monotonic_ns()
    evidence = evaluate(gate, subject, context)
    took = (time.monotonic_ns() - began) // 1_000_000
    output = kept.get(evidence.output or "", b"").decode("utf-8", "replace")
    return GateProof(gate.id, evidence.verdict, evidence.summary, took, output[-TAIL:])


def _context(opened: GatewayHandle, mirror: Mirror, definition: Definition, kept: dict[str, bytes]) -> GateContext:
    def keep(content: bytes) -> str:
        digest = str(len(kept))
        kept[digest] = content
        return digest

    return GateContext(
        mirror=mirror,
        blob=lambda _: None,
        keep=keep,
        clock=opened.gateway.clock,
        verifier="verifier:init",
        python=sys.executable,
        environment=definition.environment,
        secrets=known_secrets(),
        box=strongest_box(),
        toolchain=toolchain_of(opened.home.store),
    )
