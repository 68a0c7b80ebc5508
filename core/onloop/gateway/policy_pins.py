"""The policies of the organization in what runs walk: woven in by the gateway, so that no caller leaves them out."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.policy_weaving import woven
from onloop.machine.principal import Principal, PrincipalKind
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.port import Reading, Transaction
from onloop.store.rows import PinnedWorkflow
from onloop.views.pinned_workflow import pinned_definition


def with_policies(at: Reading, definition: Definition) -> Definition:
    """The workflow with the policies that are in force now; itself where there are none."""
    return woven(definition, (adopted.policy for adopted in at.house().policies.values()))


def keep_woven(tx: Transaction, definition: Definition) -> None:
    """Keep a workflow with policies in it, so that tasks can walk it: it has no bytes of its own."""
    if definition.policies and tx.get(PinnedWorkflow, definition.digest) is None:
        tx.put(PinnedWorkflow(definition.digest, definition.name, "", to_text(definition)))


def held_to_policies(tx: Transaction, principal: Principal, command: c.Command) -> c.Command:
    """A command that begins a run, with the policies in force in what it walks, whoever asks and by which operation.

    A task of a run walks what the run was begun with. What the gateway begins follows from a task that is held to them.
    """
    if not isinstance(command, c.Create) or principal.kind is PrincipalKind.GATEWAY:
        return command
    above = tx.task(command.parent) if command.parent is not None else None
    if above is not None:
        if command.definition != above.definition and (tx.house().policies or _policies_of(tx, above.definition)):
            words = f"{command.repo or command.title} would walk another workflow than {above.id}"
            raise BadInput(words, hint="begin a run of its own: onloop start")
        return command
    walked = with_policies(tx, pinned_definition(tx, command.definition))
    keep_woven(tx, walked)
    return replace(command, definition=walked.digest)


def _policies_of(tx: Reading, digest: str) -> bool:
    return bool(pinned_definition(tx, digest).policies)
