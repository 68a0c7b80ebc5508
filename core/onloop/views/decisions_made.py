"""PURE: what people have decided, newest first, and what became of what they decided about."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.task import Bypass, Decision, DecisionKind, Task
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


def as_decision(bypass: Bypass) -> Decision:
    """A bypass among the decisions: it says `override`, and never approve."""
    said = (bypass.request, DecisionKind.OVERRIDE, bypass.by, bypass.assurance, bypass.at, bypass.reason)
    return Decision(*said, bypass.digest, bypass.step, bypass.gate, bypass.visit, bypass.head, bypass.base)


def said_of(task: Task) -> tuple[Decision, ...]:
    """What people decided about a task, bypasses among it, in the order of time."""
    return tuple(sorted((*task.decisions, *map(as_decision, task.bypasses)), key=lambda said: said.at))


def decisions_made(tasks: Iterable[Task], by: str = "") -> tuple[DecisionMade, ...]:
    """Every decision about these tasks; if `by` is a person (`human:NAME` or `NAME`), those by or in place of them."""
    person = by if not by or by.startswith("human:") else f"human:{by}"
    made = ((d, task) for task in tasks for d in said_of(task))
    found = (DecisionMade(d, task) for d, task in made if not person or person in d.voices)
    return tuple(sorted(found, key=lambda made: (-made.decision.at, made.task.id)))
