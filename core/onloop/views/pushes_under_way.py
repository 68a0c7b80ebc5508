"""Pushes that a freeze cannot stop: their intent was recorded before it, and their result is not known yet.

Intents and freezes are written one after the other, and an intent is refused in a freeze: so every push that can still
move a target is among these, and a target that no push here names does not move.
"""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.effect_specs import PUSHES, Effect, deed_words, own_branch
from onloop.machine.store_state import Frozen, StoreState, covering
from onloop.machine.task import Task
from onloop.records import Record


class Push(Record):
    """A move of a target that has begun, and may still land: of which task, where, from which commit to which."""

    task: str
    repository: str
    target: str
    expected: str
    result: str
    kind: str = Effect.MERGE.value

    @property
    def words(self) -> str:
        """The push as a line for people."""
        if self.kind not in {Effect.MERGE, *PUSHES}:
            return f"under way, and may still happen: {deed_words(self.kind, self.target)} of {self.task}"
        branch = self.target if self.kind == Effect.MERGE else own_branch(self.task)
        moves = f"{branch} of {self.repository} from {self.expected[:12]} to {self.result[:12]}"
        return f"under way, and may still land: {self.task} moves {moves}"


def pushes_under_way(tasks: Iterable[Task], freeze: Frozen) -> tuple[Push, ...]:
    """Which pushes of these tasks the freeze covers and does not stop, as of when the tasks were read."""
    house = StoreState(freezes={freeze.scope: freeze})
    return tuple(
        Push(task.id, task.repo or "", task.target, task.effect.expected, task.effect.result, task.effect.kind)
        for task in tasks
        if task.effect is not None and task.effect.expected is not None and task.effect.result is not None
        if covering(house, task) is not None
    )
