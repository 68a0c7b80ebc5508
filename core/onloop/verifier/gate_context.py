"""What the gates of a task run with: its mirror, where output goes, the interpreter, what must be redacted."""

from __future__ import annotations

import sys
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput
from onloop.gates.box.kind import Box
from onloop.gates.environments.box_user import settled
from onloop.gates.environments.secret_values import secret_values
from onloop.gates.evaluation import GateContext
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.gates.toolchain import toolchain_of
from onloop.gateway.program_pins import pinned_for
from onloop.gateway.upkeep import KeepBaseResult, KeepContent
from onloop.known_secrets import known_secrets
from onloop.machine.base_result import BaseResult
from onloop.machine.definition import Definition
from onloop.machine.gate_facts import Program
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.verifier.box_proof import Prover
from onloop.views.queries.base_results import base_result_of


class KeptInStore(Record, eq=False):
    """Keeps what gates gave on bases in the store."""

    opened: GatewayHandle

    def get(self, key: str) -> BaseResult | None:
        """See BaseResults."""
        with self.opened.gateway.store.reading() as reading:
            return base_result_of(reading, key)

    def keep(self, key: str, result: BaseResult) -> None:
        """See BaseResults."""
        self.opened.gateway.perform(KeepBaseResult(key, result))


def gate_context_for(
    opened: GatewayHandle, verifier: Principal
) -> Callable[[Task, Definition, Callable[[], bool]], GateContext]:
    """A function that makes a GateContext."""
    box = settled(strongest_box(), opened.home.kept)

    def make(task: Task, definition: Definition, stop: Callable[[], bool]) -> GateContext:
        if task.origin is None:
            raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
        context = base_context(opened, verifier, opened.mirror(task.origin), definition, box)
        return replace(context, stop=stop, programs=_pins(opened, task))

    return make


def base_context(
    opened: GatewayHandle, verifier: Principal, mirror: Mirror, definition: Definition, box: Box
) -> GateContext:
    """What gates on commits of a mirror run with, before there is a task."""
    secrets = secret_values(opened.home.secrets, definition.environment.secrets)
    return GateContext(
        mirror=mirror,
        blob=lambda digest: blob_of(opened, digest),
        keep=lambda content: opened.gateway.perform(KeepContent(content)),
        clock=opened.gateway.clock,
        verifier=verifier.id,
        kept=opened.home.kept,
        environment=definition.environment,
        secrets=(*secrets.values(), *known_secrets()),
        setup_secrets=secrets,
        base_results=KeptInStore(opened),
        box=box,
        open_cells=_open_cells(opened, box),
        toolchain=toolchain_of(opened.home.store),
    )


def prover_of(opened: GatewayHandle, verifier: Principal, stop: Callable[[], bool]) -> Prover:
    """The prover for the box in which a verifier's gates run."""
    toolchain = toolchain_of(opened.home.store)
    return Prover(opened, verifier, strongest_box(), toolchain, sys.executable, stop)


def _open_cells(opened: GatewayHandle, box: Box) -> tuple[str, ...]:
    """The attempts that the last proof of such a box did not see stopped."""
    with opened.gateway.store.reading() as reading:
        proof = reading.house().proof
    return proof.open if proof is not None and proof.box == box.name else ("nothing is proved about this box",)


def _pins(opened: GatewayHandle, task: Task) -> tuple[Program, ...]:
    with opened.gateway.store.reading() as reading:
        return tuple(pinned_for(reading, task).values())


def blob_of(opened: GatewayHandle, digest: str) -> bytes | None:
    """The bytes that the store keeps under a digest."""
    with opened.gateway.store.reading() as reading:
        return reading.blob(digest)
