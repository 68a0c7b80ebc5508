"""What every effect records: that it is begun, done, or could not be done."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.gates.command_runner import GateStopped
from onloop.gates.evaluation import GateContext
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.commands import Command, FailEffect, FinishEffect
from onloop.machine.definition import Definition
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag
from onloop.machine.principal import EFFECTS
from onloop.machine.task import Outbox, Task
from onloop.records import Record


class EffectRecorder(Record):
    """Records effects as the gateway itself.

    `reached` is told which point has been reached ("built", "recorded", "moved"): a test may die there.
    """

    opened: GatewayHandle
    gate_context: Callable[[Task, Definition, Callable[[], bool]], GateContext]
    stopped: Callable[[], bool]
    reached: Callable[[str], None]

    def perform(self, task: Task, command: Command) -> None:
        """Record one command; GateStopped once the verifier is being stopped."""
        if self.stopped():
            raise GateStopped("the verifier is being stopped", hint="the next one takes the effect up where it stands")
        self.opened.gateway.perform(PerformCommand(EFFECTS, task.id, command))

    def finish(self, task: Task, effect: Outbox, result: str) -> str:
        """Record that the target holds `result`; the answer says so."""
        self.perform(task, FinishEffect(effect.id, result))
        return f"done: {task.target} holds {result[:12]}"

    def fail(
        self, task: Task, effect: Outbox, problem: EffectProblem, detail: str, flags: tuple[Flag, ...] = ()
    ) -> str:
        """Record why it could not be done; the answer says so."""
        self.perform(task, FailEffect(effect.id, problem, detail, flags))
        return f"{problem.value}: {detail}"
