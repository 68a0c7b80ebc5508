"""What every effect records: that it has begun, is done, or has failed."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.gates.environments.tree_cache import GateStopped
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
    """Records effects under the gateway's own name.

    `reached` is called at each point ("built", "recorded", "moved"), so that a test can end the process there.
    """

    opened: GatewayHandle
    gate_context: Callable[[Task, Definition, Callable[[], bool]], GateContext]
    stopped: Callable[[], bool]
    reached: Callable[[str], None]

    def perform(self, task: Task, command: Command) -> None:
        """Record one command; GateStopped if the verifier is stopping."""
        if self.stopped():
            raise GateStopped("the verifier is stopping", hint="the next verifier goes on with the effect")
        self.opened.gateway.perform(PerformCommand(EFFECTS, task.id, command))

    def finish(self, task: Task, effect: Outbox, result: str) -> str:
        """Record that the target holds `result`; the answer says so."""
        self.perform(task, FinishEffect(effect.id, result))
        return f"done: {task.target} holds {result[:12]}"

    def fail(
        self, task: Task, effect: Outbox, problem: EffectProblem, detail: str, flags: tuple[Flag, ...] = ()
    ) -> str:
        """Record why the effect failed; the answer says so."""
        self.perform(task, FailEffect(effect.id, problem, detail, flags))
        return f"{problem.value}: {detail}"
