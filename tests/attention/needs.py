"""Tasks that need a person, and the rows they make."""

from __future__ import annotations

from onloop.attention.groups import Group, groups_of
from onloop.attention.items import item_of
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.task import Kind, Request, RequestKind, Task
from support.scenario import NOON


def needing(reason: Reason, detail: str = "", task: str = "r1.1", since: int = NOON, gate: str | None = None) -> Task:
    """A task that waits for a person."""
    state = State.AUTH_REQUIRED if reason in REASONS[State.AUTH_REQUIRED] else State.INPUT_REQUIRED
    kind = RequestKind.APPROVAL if gate else RequestKind.CHOICE
    asked = Request(f"{task}/{gate}/9", kind, "develop.implement", "?", since, gate=gate)
    return Task(
        id=task,
        run="r1",
        title="Fix it",
        kind=Kind.WORK,
        definition="d" * 64,
        workflow="feature",
        sponsor="launcher:t",
        created_at=NOON,
        updated_at=NOON,
        state=state,
        reason=reason,
        detail=detail,
        since=since,
        step="develop.implement",
        requests=(asked,),
    )


def grouped(*tasks: Task) -> tuple[Group, ...]:
    """The rows."""
    return groups_of(item for item in map(item_of, tasks) if item is not None)
