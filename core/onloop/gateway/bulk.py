"""The same decision on many tasks: each on its own, each with a verdict. What one refuses keeps nobody else waiting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from onloop.errors import OnloopError, Refused
from onloop.gateway.port import GatewayPort
from onloop.machine.commands import Cancel, Command, Pause, Resume
from onloop.machine.principal import Principal
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop.store.port import Reading, TaskFilter


class BulkOutcome(Record):
    """What became of one task: how it stands now, or why nothing was done."""

    task: str
    after: Task | None
    refusal: OnloopError | None

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.refusal is None

    @property
    def words(self) -> str:
        """The verdict as a line."""
        if self.refusal is not None:
            return f"{self.task}: refused: {self.refusal.message}"
        return f"{self.task} {self.after.state.value}: {self.after.detail}" if self.after is not None else self.task


def perform_each(
    gateway: GatewayPort, principal: Principal, wanted: Iterable[tuple[str, Command]], *, key: str = ""
) -> tuple[BulkOutcome, ...]:
    """Carry out a command on each task, in order; each has an idempotency key of its own, made of `key`."""
    return tuple(_performed(gateway, principal, task, command, key) for task, command in wanted)


def _performed(gateway: GatewayPort, principal: Principal, task: str, command: Command, key: str) -> BulkOutcome:
    try:
        return BulkOutcome(task, gateway.perform(principal, task, command, key=f"{key}/{task}" if key else ""), None)
    except Refused as no:
        return BulkOutcome(task, None, no)


def below(at: Reading, root: Task) -> Sequence[Task]:
    """Everything below a task at any depth, oldest first."""
    inside = {root.id}
    found = []
    for task in at.tasks(TaskFilter(run=root.run)):
        if task.parent in inside:
            inside.add(task.id)
            found.append(task)
    return found


def reached_by(at: Reading, task: Task, command: Pause | Resume | Cancel) -> tuple[str, ...]:
    """The tasks that a command about one task is about: some of those below it, too."""
    match command:
        case Pause():
            return to_pause(at, task)
        case Resume():
            return to_resume(at, task)
        case Cancel():
            return to_cancel(at, task)
        case _:
            assert_never(command)


def to_pause(at: Reading, task: Task) -> tuple[str, ...]:
    """The task, then what moves or could below it: what waits for a person there waits on, out of sight."""
    moving = {State.SUBMITTED, State.WORKING}
    return (task.id, *(child.id for child in below(at, task) if child.state in moving))


def to_resume(at: Reading, task: Task) -> tuple[str, ...]:
    """The task, then what was paused with it below; what was paused before, or is excluded, stays."""
    paused = (child for child in below(at, task) if child.reason is Reason.PAUSED and child.since >= task.since)
    return (task.id, *(child.id for child in paused))


def to_cancel(at: Reading, task: Task) -> tuple[str, ...]:
    """What has not ended below the task, the deepest first, then the task; a fleet ends with the last of its own."""
    live = tuple(child.id for child in reversed(below(at, task)) if not child.ended)
    return live if live and task.kind is Kind.FLEET else (*live, task.id)
