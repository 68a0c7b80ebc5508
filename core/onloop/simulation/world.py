"""What all parts of a simulation share: the gateway, the clock, the plan, and what is wrong with each repository."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import TypeVar

from onloop.errors import OnloopError
from onloop.gateway.service import Gateway
from onloop.machine.definition import CommandGate, Definition, Step
from onloop.machine.operation import Operation
from onloop.machine.task import Submission, Task
from onloop.records import MutableRecord, field
from onloop.simulation.conduct import Cause
from onloop.simulation.simulation_plan import Plan
from onloop.simulation.virtual_time import VirtualTime
from onloop.store.sqlite.database import SqliteStore

AnswerT = TypeVar("AnswerT")


class World(MutableRecord):
    """The gateway and its surroundings. `flaws` are the repositories that something is wrong with; mended ones leave.

    `refused` counts what the gateway said no to; nothing happens then, as with real callers.
    """

    plan: Plan
    store: SqliteStore
    gateway: Gateway
    time: VirtualTime
    groups: tuple[str, ...]
    flaws: dict[str, Cause] = field(default_factory=dict)
    tips: dict[str, str] = field(default_factory=dict)
    handed_in: int = 0
    refused: int = 0
    watchers: list[Callable[[Task], None]] = field(default_factory=list)

    def chance(self, subject: str) -> Random:
        """Chance of its own for each part, so that a change of one leaves the others' luck as it was."""
        return Random(f"{self.plan.seed}/{subject}")  # noqa: S311 - nothing here is a secret

    def ask(self, operation: Operation[AnswerT]) -> AnswerT | None:
        """What the gateway answers; None where it refuses."""
        try:
            return self.gateway.perform(operation)
        except OnloopError:
            self.refused += 1
            return None

    def commit(self, *words: object) -> str:
        """The id of a commit, which follows from what it is of."""
        named = "/".join(str(word) for word in (self.plan.seed, *words))
        return sha256(named.encode()).hexdigest()[:40]

    def tip(self, origin: str) -> str:
        """The tip of the repository's branch."""
        return self.tips.setdefault(origin, self.commit("tip", origin))

    def submission(self, task: Task, *more: object) -> Submission:
        """Work that nobody handed in before."""
        self.handed_in += 1
        head = self.commit(task.id, self.handed_in, *more)
        change = sha256(head.encode()).hexdigest()
        author = (task.holder or "gateway").removeprefix("agent:")
        base = self.tip(task.origin or "")
        return Submission(
            head,
            self.commit("tree", head),
            base,
            (f"{author}@simulation.invalid",),
            at=self.time.now,
            change=change,
        )


def first_command(step: Step) -> str:
    """The id of the first gate of a step that runs a command, else of its first; empty where it has none."""
    gates = step.machine_gates
    return next((gate.id for gate in gates if isinstance(gate, CommandGate)), gates[0].id if gates else "")


def is_flawed_at(definition: Definition, step: Step, gate: str, flaw: Cause | None) -> bool:
    """Whether what is wrong shows at this gate: the one that the cause names, else the workflow's first command."""
    if flaw is None:
        return False
    if flaw.gate:
        return gate == flaw.gate
    shown = next((each for each in definition.steps if _runs_commands(each)), step)
    return step.id == shown.id and gate == first_command(step)


def _runs_commands(step: Step) -> bool:
    return any(isinstance(gate, CommandGate) for gate in step.machine_gates)
