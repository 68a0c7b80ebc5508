"""The same decision on many tasks: one verdict for each. A refusal for one task does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.errors import OnloopError, Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.port import GatewayPort
from onloop.machine.commands import Command
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import Record


class BulkOutcome(Record):
    """The outcome for one task: the task as it is now, or why nothing was done."""

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
    """Carry out a command on each task, in order; each has its own idempotency key, derived from `key`."""
    return tuple(_performed(gateway, principal, task, command, key) for task, command in wanted)


def _performed(gateway: GatewayPort, principal: Principal, task: str, command: Command, key: str) -> BulkOutcome:
    try:
        return BulkOutcome(
            task, gateway.perform(PerformCommand(principal, task, command, key=f"{key}/{task}" if key else "")), None
        )
    except Refused as no:
        return BulkOutcome(task, None, no)
