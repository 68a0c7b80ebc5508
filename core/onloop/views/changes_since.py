"""What has happened to a task since a person looked at it."""

from __future__ import annotations

from onloop.machine.commands import Command
from onloop.machine.events import Event
from onloop.machine.rules.freshness import Change
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import Reading

MOST_EVENTS = 100_000


def changes_since(at: Reading, task: Task | None, command: Command) -> tuple[Change, ...]:
    """The events of the task after the version that the command names; none while that is the newest."""
    return changes_since_version(at, task, getattr(command, "version", None))


def changes_since_version(at: Reading, task: Task | None, version: int | None) -> tuple[Change, ...]:
    """The events of the task after that version; none while it is the newest."""
    if task is None or version is None or version >= task.version:
        return ()
    news = [event for event in at.log(task=task.id, limit=MOST_EVENTS) if event.version > version]
    facts = ((event_from_text(event.name, event.data), event) for event in news)
    return tuple(Change(fact, event.principal, event.at) for fact, event in facts if isinstance(fact, Event))
