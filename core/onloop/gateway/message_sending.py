"""How agents pass text on: the gateway stores the text by digest and records the fact."""

from __future__ import annotations

from contextlib import suppress

from onloop.errors import Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import PassOn
from onloop.gateway.port import GatewayPort
from onloop.machine.commands import MarkNotesShown, MarkShown, SaveCheckpoint, Tell
from onloop.machine.messages import MessageKind, unshown
from onloop.machine.principal import Principal
from onloop.machine.rules.message_rules import LARGEST_CHECKPOINT, LARGEST_MESSAGE, check_size
from onloop.machine.task import Task


def tell(gateway: GatewayPort, agent: Principal, to: str, kind: MessageKind, content: bytes, *, key: str = "") -> Task:
    """Tell `to` (a task's id, `parent` or `children`) something; the answer is the sender's own task."""
    check_size(len(content), LARGEST_MESSAGE, "a message")
    digest = gateway.perform(PassOn(agent, content))
    command = Tell(agent.id, agent.epoch, to, kind, digest, len(content))
    return gateway.perform(PerformCommand(agent, agent.task or "", command, key=key))


def save_checkpoint(gateway: GatewayPort, agent: Principal, content: bytes, *, key: str = "") -> Task:
    """Store the agent's checkpoint in place of its previous one at this step."""
    check_size(len(content), LARGEST_CHECKPOINT, "a checkpoint")
    digest = gateway.perform(PassOn(agent, content))
    command = SaveCheckpoint(agent.id, agent.epoch, digest, len(content))
    return gateway.perform(PerformCommand(agent, agent.task or "", command, key=key))


def mark_notes_shown(gateway: GatewayPort, agent: Principal, task: Task, way: str) -> None:
    """Record that the agent was shown what people had told it when `task` was read; what came later stays unshown."""
    waiting = unshown(task.notes, agent.epoch)
    if waiting:
        with suppress(Refused):
            shown = MarkNotesShown(agent.id, agent.epoch, waiting[-1].number, way)
            gateway.perform(PerformCommand(agent, task.id, shown))


def mark_shown(gateway: GatewayPort, agent: Principal, task: Task) -> None:
    """Record that the agent was shown what `task` had received when it was read; what came later stays unshown."""
    if task.messages and task.shown < task.received:
        with suppress(Refused):  # whoever does not hold it any more, or is frozen, acknowledges nothing
            gateway.perform(PerformCommand(agent, task.id, MarkShown(agent.id, agent.epoch, task.received)))
