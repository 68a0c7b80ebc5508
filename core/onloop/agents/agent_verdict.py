"""The verdict on an agent's step as of now, with what people tell it meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from onloop.gateway.leases import TakeNotes
from onloop.gateway.port import GatewayPort
from onloop.machine.messages import unshown
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import replace
from onloop.views.answer import AT_WORK, AgentAnswer, answer_for
from onloop.views.queries.agent_reads import ReadPosition


def verdict_on(
    gateway: GatewayPort, agent: Principal, head: str | Callable[[Task], str | None], verb: str
) -> AgentAnswer:
    """The verdict for the commit `head`, or for the one that it finds; notes are shown once, by that verb."""
    at = gateway.perform(ReadPosition(agent.task or "", agent.id, gateway.clock()))
    commit = head if isinstance(head, str) else head(at.task)
    answer = answer_for(at.definition, at.task, agent, commit, at.frozen, lapsed=at.lapsed)
    if answer.exit not in AT_WORK or not unshown(at.task.notes, agent.epoch):
        return answer
    return replace(answer, notes=gateway.perform(TakeNotes(agent, verb)))
