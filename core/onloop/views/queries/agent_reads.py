"""What an agent's verbs and its worker read of its task, in one moment each."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.definition import Definition
from onloop.machine.limits import Id, Millis
from onloop.machine.store_state import covering
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading
from onloop.store.rows import Lease, SubAgent
from onloop.views.brief import brief_for
from onloop.views.brief_facts import brief_facts
from onloop.views.given_files import given_files
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of
from onloop.views.query import Query


class StepBrief(Record):
    """A task, and the brief of the step where it is; untrusted text is marked as such in it.

    `agent_env` names the variables of the worker that its workflow asks for; `variables` are the workflow's own.
    """

    task: Task
    text: str
    agent_env: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()


class ReadStepBrief(Query[StepBrief], frozen=True):
    """The brief of a task's step, empty where the task is not at `step`; UnknownThing if there is no such task."""

    name: ClassVar[str] = "brief"
    task: Id
    step: Id

    def carry_out(self, reading: Reading) -> StepBrief:
        """See Query."""
        task = known_task(reading, self.task)
        if task.step != self.step:
            return StepBrief(task, "")
        definition = definition_of(reading, task)
        text, variables = brief_for(definition, task, brief_facts(reading, task)), definition.environment.variables
        return StepBrief(task, text, definition.agent_env, variables)


class TaskPosition(Record):
    """A task and its workflow, the scope of the freeze that covers it, and whether something of it is overdue.

    A lease that has run out is not: its holder goes on, unless somebody wanted the task.
    """

    task: Task
    definition: Definition
    frozen: str | None
    lapsed: bool


class ReadPosition(Query[TaskPosition], frozen=True):
    """Where a task is, for the answer to its `agent` at `now` (ms)."""

    name: ClassVar[str] = "position"
    task: Id
    agent: Id
    now: Millis

    def carry_out(self, reading: Reading) -> TaskPosition:
        """See Query."""
        task = known_task(reading, self.task)
        frozen = covering(reading.house(), task, self.agent)
        lease = reading.get(Lease, task.id)
        lapsed = bool(reading.due(self.now, task.id)) and (lease is None or not 0 < lease.expires <= self.now)
        return TaskPosition(task, definition_of(reading, task), frozen, lapsed)


class HeldTask(Record):
    """A task, and its lease, where somebody has it."""

    task: Task
    lease: Lease | None


class ReadHeldTask(Query[HeldTask], frozen=True):
    """A task and its lease; UnknownThing if there is no such task."""

    name: ClassVar[str] = "held_task"
    task: Id

    def carry_out(self, reading: Reading) -> HeldTask:
        """See Query."""
        return HeldTask(known_task(reading, self.task), reading.get(Lease, self.task))


class ReadWaiting(Query[tuple[tuple[str, int], ...]], frozen=True):
    """For whom tasks wait at `now` (ms), in one run or in all, and how many for each."""

    name: ClassVar[str] = "waiting"
    now: Millis
    run: Id | None = None

    def carry_out(self, reading: Reading) -> tuple[tuple[str, int], ...]:
        """See Query."""
        return tuple(reading.waiting(self.now, self.run))


class ReadGiven(Query[tuple[tuple[str, bytes | None], ...]], frozen=True):
    """What the agents of a task are given to read: attachments of its run, and artefacts of steps before this one."""

    name: ClassVar[str] = "given"
    task: Id

    def carry_out(self, reading: Reading) -> tuple[tuple[str, bytes | None], ...]:
        """See Query."""
        return given_files(reading, known_task(reading, self.task))


class ReadSubAgents(Query[tuple[SubAgent, ...]], frozen=True):
    """The sub-agents that are kept of a task, as its agents said."""

    name: ClassVar[str] = "sub_agents"
    task: Id

    def carry_out(self, reading: Reading) -> tuple[SubAgent, ...]:
        """See Query."""
        return tuple(reading.select(SubAgent, task=self.task))
