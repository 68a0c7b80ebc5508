"""The messages and checkpoints of agents as text, all of it untrusted."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.limits import Id
from onloop.machine.messages import Checkpoint, Message
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading
from onloop.views.known_task import known_task
from onloop.views.query import Query


class Letter(Record):
    """A message with its text, which is untrusted."""

    message: Message
    text: str


class Unread(Record):
    """A task, and what others told it that it has not read."""

    task: Task
    letters: tuple[Letter, ...]


class ReadUnread(Query[Unread], frozen=True):
    """The unread messages of a task, with their texts; UnknownThing where there is no such task."""

    name: ClassVar[str] = "unread"
    task: Id

    def carry_out(self, reading: Reading) -> Unread:
        """See Query."""
        task = known_task(reading, self.task)
        return Unread(task, letters(reading, task))


def letters(reading: Reading, task: Task) -> tuple[Letter, ...]:
    """The unread messages of the task, oldest first."""
    return tuple(Letter(message, _text(reading, message.digest)) for message in task.messages)


def checkpoint_text(reading: Reading, checkpoint: Checkpoint) -> str:
    """What an agent left for its successor: untrusted."""
    return _text(reading, checkpoint.digest)


def _text(reading: Reading, digest: str) -> str:
    return (reading.blob(digest) or b"").decode("utf-8", "replace")
