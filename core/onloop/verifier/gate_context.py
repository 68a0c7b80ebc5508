"""What gates run with, for a task: its mirror, where output goes, whose interpreter, what must be redacted."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput
from onloop.gates.box.kind import Box
from onloop.gates.evaluation import BaseRun, GateContext
from onloop.gates.strongest_box import strongest_box
from onloop.gates.toolchain import toolchain_of
from onloop.gateway.program_pins import pinned_for
from onloop.gateway.upkeep import KeepContent
from onloop.known_secrets import known_secrets
from onloop.machine.definition import Definition
from onloop.machine.principal import Principal
from onloop.machine.task import Program, Task
from onloop.verifier.box_proof import Prover


def gate_context_for(
    opened: GatewayHandle, verifier: Principal, counts: MutableMapping[BaseRun, int]
) -> Callable[[Task, Definition, Callable[[], bool]], GateContext]:
    """A maker of workshops. `counts` is what was counted at bases, which all gates of one verifier share."""
    box = strongest_box()

    def make(task: Task, definition: Definition, stop: Callable[[], bool]) -> GateContext:
        if task.origin is None:
            raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
        return GateContext(
            mirror=opened.home.mirror(task.origin),
            blob=lambda digest: _blob(opened, digest),
            keep=lambda content: opened.gateway.perform(KeepContent(content)),
            clock=opened.gateway.clock,
            verifier=verifier.id,
            python=sys.executable,
            environment=definition.environment,
            stop=stop,
            secrets=known_secrets(),
            base_counts=counts,
            box=box,
            open_cells=_open_cells(opened, box),
            toolchain=toolchain_of(opened.home.store),
            programs=_pins(opened, task),
        )

    return make


def prover_of(opened: GatewayHandle, verifier: Principal, stop: Callable[[], bool]) -> Prover:
    """What shows the box in which a verifier's gates run."""
    toolchain = toolchain_of(opened.home.store)
    return Prover(opened, verifier, strongest_box(), toolchain, sys.executable, stop)


def _open_cells(opened: GatewayHandle, box: Box) -> tuple[str, ...]:
    """What code in the box was not seen to be kept from, by the last proof of such a box."""
    with opened.gateway.store.reading() as at:
        proof = at.house().proof
    return proof.open if proof is not None and proof.box == box.name else ("nothing was shown of this box",)


def _pins(opened: GatewayHandle, task: Task) -> tuple[Program, ...]:
    with opened.gateway.store.reading() as at:
        return tuple(pinned_for(at, task).values())


def _blob(opened: GatewayHandle, digest: str) -> bytes | None:
    with opened.gateway.store.reading() as at:
        return at.blob(digest)
