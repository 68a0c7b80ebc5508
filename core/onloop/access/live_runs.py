"""The operations that change what a live run is about: more targets of a fleet, and workflows to amend runs with."""

from __future__ import annotations

from typing import Annotated, ClassVar

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused
from onloop.gateway.command_operations import check_rules
from onloop.gateway.service import Gateway, Write
from onloop.machine import commands as c
from onloop.machine.limits import MOST_CREATED, Content, Id, Items
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import EFFECTS, Principal, PrincipalKind
from onloop.machine.state import State
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import TaskFilter, Transaction
from onloop.store.rows import PinnedWorkflow
from onloop.views.known_task import known_task
from onloop.workflow.loader import load


class AddToFleet(Write[tuple[str, ...]], frozen=True):
    """Begin more tasks in a live fleet, all or none; the answer is their ids. Refused where it has ended."""

    name: ClassVar[str] = "add"
    principal: Principal
    fleet: Id
    creations: Annotated[tuple[c.Create, ...], Items(MOST_CREATED)]

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "add to a fleet", self.fleet)

    def carry_out(self, gateway: Gateway) -> tuple[str, ...]:
        """See Write."""

        def body(tx: Transaction) -> tuple[str, ...]:
            fleet = known_task(tx, self.fleet)
            _check_takes_more(tx, fleet, self.creations)
            taken = [int(child.id.rpartition(".")[2]) for child in tx.tasks(TaskFilter(parent=fleet.id))]
            first = max(taken, default=0) + 1
            made = tuple(f"{fleet.id}.{number}" for number in range(first, first + len(self.creations)))
            wave = _wave_for_more(fleet)
            for task_id, command in zip(made, self.creations, strict=True):
                gateway.advance(tx, self.principal, task_id, replace(command, wave=wave, plan=None), "")
            if fleet.waves is not None and wave > fleet.waves.total:
                gateway.advance(tx, EFFECTS, fleet.id, c.AddWave(wave), "")
            return made

        return gateway.store.transact(body, about=self.fleet)


def _wave_for_more(fleet: Task) -> int:
    """The last wave that has not begun, or one more; 0 for a fleet without waves."""
    waves = fleet.waves
    if waves is None:
        return 0
    return waves.total if waves.total > waves.current else waves.total + 1


def _check_takes_more(tx: Transaction, fleet: Task, creations: tuple[c.Create, ...]) -> None:
    """Refuse what is not the fleet's own workflow, a repository that it has, and a fleet that has ended or waits."""
    if fleet.kind is not Kind.FLEET:
        raise BadInput(f"{fleet.id} is no fleet", hint="onloop list names the fleets; name the run, such as k7m2q")
    if fleet.ended or fleet.state is State.PAUSED:
        hint = f"onloop resume {fleet.id}" if fleet.state is State.PAUSED else "begin another: onloop fleet"
        raise Refused(f"{fleet.id} is {fleet.state.value}: it takes no more", exit=Exit.ENDED, hint=hint)
    known = {child.origin for child in tx.tasks(TaskFilter(parent=fleet.id))}
    for command in creations:
        if (command.parent, command.run, command.definition) != (fleet.id, fleet.id, fleet.definition):
            raise BadInput(f"{command.repo} would walk another workflow than {fleet.id}", hint="begin another fleet")
        if command.origin in known:
            raise BadInput(f"{fleet.id} has {command.origin} already", hint=f"onloop list --run {fleet.id}")


class PinWorkflow(Write[str], frozen=True):
    """Store a workflow file, so that runs can be amended with it; the answer is its digest. WorkflowError says why not.

    It is compiled here: what a run walks is never what somebody says that a file means.
    """

    name: ClassVar[str] = "pin"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    source: Content

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "amend")

    def carry_out(self, gateway: Gateway) -> str:
        """See Write."""
        if self.principal.kind is not PrincipalKind.HUMAN:
            raise NotAllowed(f"{self.principal.id} may not amend", hint="a person must", ground=Ground.KIND)
        definition = load(self.source, "the workflow")
        check_rules(definition)
        pinned = PinnedWorkflow(definition.digest, definition.name, self.source.decode(), to_text(definition))

        def body(tx: Transaction) -> str:
            if tx.get(PinnedWorkflow, pinned.digest) is None:
                tx.put(pinned)
            return pinned.digest

        return gateway.store.transact(body)
