"""Which tasks a person's decision about one task is about, too: those below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

from onloop.machine.commands import Cancel, Command, Pause, Resume, SendNote
from onloop.machine.limits import Id, Millis, Number
from onloop.machine.rules.freshness import check_version
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop.store.port import Reading, TaskFilter
from onloop.views.changes_since import changes_since_version
from onloop.views.known_task import known_task
from onloop.views.query import Query


class Deed(StrEnum):
    """What is to become of a task and of those below it."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    NOTE = "note"


DEEDS: Mapping[type[Command], Deed] = {Pause: Deed.PAUSE, Resume: Deed.RESUME, Cancel: Deed.CANCEL, SendNote: Deed.NOTE}
"""The deed of each command."""


class TasksBelow(Record):
    """A task, and the ids of all tasks that a deed is about, in the order in which it is done."""

    task: Task
    ids: tuple[str, ...]


class ReadTasksBelow(Query[TasksBelow], frozen=True):
    """All tasks that a deed on `task` is about. Stale where the task has changed since `version`, in words at `now`."""

    name: ClassVar[str] = "tasks_below"
    task: Id
    deed: Deed
    now: Millis
    version: Number | None = None

    def carry_out(self, reading: Reading) -> TasksBelow:
        """See Query."""
        task = known_task(reading, self.task)
        check_version(task, self.version, changes_since_version(reading, task, self.version), self.now)
        return TasksBelow(task, _TARGETS[self.deed](reading, task))


def below(reading: Reading, root: Task) -> Sequence[Task]:
    """Everything below a task at any depth, oldest first."""
    inside = {root.id}
    found = []
    for task in reading.tasks(TaskFilter(run=root.run)):
        if task.parent in inside:
            inside.add(task.id)
            found.append(task)
    return found


def to_pause(reading: Reading, task: Task) -> tuple[str, ...]:
    """The task, then what moves or could below it: what waits for a person there waits on, out of sight."""
    moving = {State.SUBMITTED, State.WORKING}
    return (task.id, *(child.id for child in below(reading, task) if child.state in moving))


def to_resume(reading: Reading, task: Task) -> tuple[str, ...]:
    """The task, then what was paused with it below; what was paused before, or is excluded, stays."""
    paused = (c for c in below(reading, task) if c.reason is Reason.PAUSED and c.since >= task.since)
    return (task.id, *(child.id for child in paused))


def to_cancel(reading: Reading, task: Task) -> tuple[str, ...]:
    """What has not ended below the task, the deepest first, then the task; a fleet ends with the last of its own."""
    live = tuple(child.id for child in reversed(below(reading, task)) if not child.ended)
    return live if live and task.kind is Kind.FLEET else (*live, task.id)


def to_note(reading: Reading, task: Task) -> tuple[str, ...]:
    """What has not ended of the task and below it, and is done by agents."""
    return tuple(each.id for each in (task, *below(reading, task)) if not each.ended and each.kind is Kind.WORK)


_TARGETS: Mapping[Deed, Callable[[Reading, Task], tuple[str, ...]]] = {
    Deed.PAUSE: to_pause,
    Deed.RESUME: to_resume,
    Deed.CANCEL: to_cancel,
    Deed.NOTE: to_note,
}
