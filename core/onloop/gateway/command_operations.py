"""The operations that give a task a command, and that begin a run."""

from __future__ import annotations

from typing import Annotated, ClassVar

from onloop.errors import BadInput, Refused
from onloop.gateway.authorize import authorize, verb_of
from onloop.gateway.idempotency import asked_command, asked_creations, logged, lookup, owner_of_key, remember
from onloop.gateway.policy_pins import keep_woven, with_policies
from onloop.gateway.service import Gateway, Write
from onloop.gateway.wave_starts import in_plan
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.limits import MOST_CREATED, Id, Items, Key
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import EFFECTS, Principal, PrincipalKind
from onloop.machine.step_rules import rules_of
from onloop.machine.task import Task
from onloop.policies.late_rules import check_installed
from onloop.records import replace
from onloop.store.codec import from_text
from onloop.store.port import Transaction
from onloop.store.rows import PinnedWorkflow
from onloop.views.known_task import known_task

Creations = Annotated[tuple[tuple[Id, c.Create], ...], Items(MOST_CREATED)]


class PerformCommand(Write[Task], frozen=True):
    """Carry out one command on one task; the same `key` never does it twice. The answer is the task after it.

    Refused: the command had no effect; timers that were due have fired.
    """

    name: ClassVar[str] = "perform"
    asker: ClassVar[Asker] = Asker.PROVEN
    is_paced: ClassVar[bool] = True
    principal: Principal
    task: Id
    command: c.Command
    key: Key = ""

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, verb_of(self.command), self.task)

    def carry_out(self, gateway: Gateway) -> Task:
        """See Write."""
        if isinstance(self.command, c.Take):
            authorize(self.principal, self.command, self.task)  # whoever may not take work at all is told so
            raise BadInput("work is taken with a lease, and this gives none", hint="ask for the operation take")
        owner = owner_of_key(self.principal, self.command)
        request = asked_command(owner, self.task, self.command) if self.key else ""

        def body(tx: Transaction) -> Task | Refused:
            if lookup(tx, owner, self.key, request) is not None:
                return known_task(tx, self.task)
            said = self.command if isinstance(self.command, c.Submit) else None
            agent = (said.agent, said.epoch) if said is not None else (self.principal.id, self.principal.epoch)
            gateway.heard_of(tx, self.task, *agent)
            gateway.fire_due(tx, self.task, wanted=self.principal.kind is PrincipalKind.HUMAN)
            try:
                after = gateway.advance(tx, self.principal, self.task, self.command, logged(self.key))
            except Refused as no:
                return no
            remember(tx, owner, self.key, request, gateway.clock())
            return after

        return gateway.transact(body, about=self.task)


def check_rules(definition: Definition) -> None:
    """BadInput where a workflow has rules, and this gateway could evaluate none."""
    if rules_of(definition):
        check_installed(f"workflow {definition.name}")


class CreateRun(Write[Task], frozen=True):
    """Begin a run: the root first, then its children, all or none. `pinned` is the workflow that they walk.

    The same `key` begins one run only; a second request returns the root of that run.
    """

    name: ClassVar[str] = "create"
    principal: Principal
    creations: Creations
    pinned: PinnedWorkflow
    key: Key = ""

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "start")

    def carry_out(self, gateway: Gateway) -> Task:
        """See Write."""
        definition = from_text(Definition, self.pinned.compiled)
        check_rules(definition)
        request = asked_creations(self.principal, self.creations) if self.key else ""
        creations = in_plan(self.creations)

        def body(tx: Transaction) -> Task:
            if (known := lookup(tx, self.principal, self.key, request)) is not None:
                return known_task(tx, known["task"])
            if tx.get(PinnedWorkflow, self.pinned.digest) is None:
                tx.put(self.pinned)
            walked = with_policies(tx, definition)
            check_rules(walked)
            keep_woven(tx, walked)
            for task_id, command in creations:
                asked = replace(command, definition=walked.digest) if self._walks(command) else command
                gateway.advance(tx, self.principal, task_id, asked, logged(self.key))
            root, begun = creations[0]
            if begun.plan is not None:
                gateway.advance(tx, EFFECTS, root, c.BeginWaves(), "")
            remember(tx, self.principal, self.key, request, gateway.clock(), {"task": root})
            return known_task(tx, root)

        return gateway.store.transact(body, about=self.creations[0][0] if self.creations else "")

    def _walks(self, command: c.Create) -> bool:
        """Whether the command names the workflow as its file says it, in the place of which policies are woven in."""
        return command.definition == self.pinned.digest
