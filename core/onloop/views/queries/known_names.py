"""The names that a store knows: what its tasks, workflows and people are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import ClassVar, assert_never

from onloop.machine.definition import Step, inner_steps
from onloop.machine.task import Task
from onloop.store.port import Reading, TaskFilter
from onloop.store.rows import PinnedWorkflow
from onloop.views.pinned_workflow import pinned_definition
from onloop.views.query import Query


class NameKind(StrEnum):
    """What a name is the name of."""

    TASK = "task"
    RUN = "run"
    REPOSITORY = "repository"
    WORKFLOW = "workflow"
    LABEL = "label"
    ROLE = "role"
    STEP = "step"
    GATE = "gate"
    PERSON = "person"
    GROUP = "group"


class ReadNames(Query[tuple[str, ...]], frozen=True):
    """All names of one kind, each once, the newest tasks' first."""

    name: ClassVar[str] = "names"
    kind: NameKind

    def carry_out(self, reading: Reading) -> tuple[str, ...]:
        """See Query."""
        return tuple(dict.fromkeys(filter(None, _names(self.kind, reading))))


def _names(kind: NameKind, reading: Reading) -> Iterable[str]:
    match kind:
        case NameKind.PERSON:
            return reading.house().people
        case NameKind.GROUP:
            return (group for person in reading.house().people.values() for group in person.groups)
        case NameKind.ROLE | NameKind.STEP | NameKind.GATE:
            workflows = (pinned_definition(reading, pinned.digest) for pinned in reading.select(PinnedWorkflow))
            return (name for workflow in workflows for name in _names_in(kind, workflow.steps))
        case NameKind.TASK | NameKind.RUN | NameKind.REPOSITORY | NameKind.WORKFLOW | NameKind.LABEL:
            newest = reversed(reading.tasks(TaskFilter()))
            return (name for task in newest for name in _names_of(kind, task))
        case _:
            assert_never(kind)


def _names_in(kind: NameKind, steps: Iterable[Step]) -> Iterator[str]:
    """The roles, steps or gates of a workflow, those of its children included."""
    for step in steps:
        if kind is NameKind.ROLE:
            yield step.role or ""
        elif kind is NameKind.STEP:
            yield step.id
        else:
            yield from (gate.id for gate in (*step.gates, *step.machine_gates))
        if step.fan_out is not None:
            yield from _names_in(kind, inner_steps(step.fan_out))


def _names_of(kind: NameKind, task: Task) -> tuple[str, ...]:
    """What a task is called, or where it belongs."""
    if kind is NameKind.LABEL:
        return task.labels
    if kind is NameKind.RUN:
        return (task.run,)
    return ({NameKind.TASK: task.id, NameKind.REPOSITORY: task.repo}.get(kind, task.workflow) or "",)
