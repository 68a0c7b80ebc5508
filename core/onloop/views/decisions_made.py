"""PURE: what people have decided, newest first, and what became of what they decided about."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.task import Decision, Task
from onloop.records import Record


class DecisionMade(Record):
    """A decision, and the task it was about as it stands now."""

    decision: Decision
    task: Task

    @property
    def outcome(self) -> str:
        """What came of it: where the task stands now, and whether somebody has decided about it since."""
        later = [d for d in self.task.decisions if d.at > self.decision.at]
        since = f", after {len(later)} more decision{'s' if len(later) > 1 else ''}" if later else ""
        step = f" at {self.task.step}" if self.task.step and not self.task.ended else ""
        return f"{self.task.state.value}{step}{since}: {self.task.detail}"


def decisions_made(tasks: Iterable[Task], by: str = "") -> tuple[DecisionMade, ...]:
    """Every decision about these tasks; if `by` is a person (`human:NAME` or `NAME`), those by or in place of them."""
    person = by if not by or by.startswith("human:") else f"human:{by}"
    found = (DecisionMade(d, task) for task in tasks for d in task.decisions if not person or person in d.voices)
    return tuple(sorted(found, key=lambda made: (-made.decision.at, made.task.id)))
