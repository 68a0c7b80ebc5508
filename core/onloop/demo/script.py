"""The scripted person of `onloop demo --unattended`: gives the scenario's answers to the requests that are open."""

from __future__ import annotations

from typing import assert_never

from onloop.access.opening import GatewayHandle
from onloop.demo.scenario import Scenario, ScriptedReply
from onloop.errors import Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Approve, Cancel, Command, Reassign, Reject, Retry, Voice
from onloop.machine.commands import Reply as ReplyCommand
from onloop.machine.digest import shown_digest
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.machine.task import Decision, DecisionKind, Request, RequestKind, Task
from onloop.records import Record
from onloop.store.port import TaskFilter

MOST_DECISIONS = 20
"""How many decisions on one task the script makes: where nothing helps, it would else go on for ever."""


class ScriptedPerson(Record):
    """Decides every open request, as `person`, up to a number of decisions on one task."""

    opened: GatewayHandle
    person: Principal
    scenario: Scenario

    def decide_all(self) -> int:
        """Answer the first open request of every waiting task; returns how many decisions were accepted."""
        with self.opened.gateway.store.reading() as reading:
            waiting = reading.tasks(TaskFilter(states=(State.INPUT_REQUIRED,)))
        return sum(self._decide(task) for task in waiting if task.requests and len(task.decisions) < MOST_DECISIONS)

    def _decide(self, task: Task) -> bool:
        request = task.requests[0]
        part = self.scenario.part_of(task.repo or "", task.title)
        earlier = sum(_kind(decision) is request.kind for decision in task.decisions)
        command = _command(part.reply(request.kind, earlier), task, request, self.person)
        try:
            self.opened.gateway.perform(PerformCommand(self.person, task.id, command))
        except Refused:
            return False
        return True


def _kind(decision: Decision) -> RequestKind:
    """The kind of request that a decision answered: approval if it names a gate, else the word in the request's id."""
    if decision.gate is not None:
        return RequestKind.APPROVAL
    return RequestKind(decision.request.split("/")[1])


def _command(reply: ScriptedReply, task: Task, request: Request, person: Principal) -> Command:
    voice = person.voice
    if voice is None:
        raise ValueError(f"{person.id} has no voice")
    return _spoken(reply, shown_digest(task, request), request.id, voice)


def _spoken(reply: ScriptedReply, digest: str, request: str, voice: Voice) -> Command:
    match reply.answer:
        case DecisionKind.APPROVE:
            return Approve(request, digest, voice, reply.text)
        case DecisionKind.REJECT:
            return Reject(request, digest, voice, reply.text)
        case DecisionKind.ANSWER:
            return ReplyCommand(request, voice, reply.text)
        case DecisionKind.RETRY:
            return Retry(voice, reply.text)
        case DecisionKind.REASSIGN:
            return Reassign("implementer", voice, reply.text)
        case DecisionKind.OVERRIDE:
            raise ValueError("a script bypasses no gate")
        case DecisionKind.CANCEL:
            return Cancel(voice, reply.text)
        case _:
            assert_never(reply.answer)
