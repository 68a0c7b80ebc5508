"""What agents told each other and left behind, read back as text: untrusted, all of it."""

from __future__ import annotations

from onloop.machine.messages import Checkpoint, Message
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import Reading


class Letter(Record):
    """A message with its text, which is untrusted."""

    message: Message
    text: str


def letters(reading: Reading, task: Task) -> tuple[Letter, ...]:
    """The unread messages of the task, oldest first."""
    return tuple(Letter(message, _text(reading, message.digest)) for message in task.messages)


def checkpoint_text(reading: Reading, checkpoint: Checkpoint) -> str:
    """What an agent left for its successor: untrusted."""
    return _text(reading, checkpoint.digest)


def _text(reading: Reading, digest: str) -> str:
    return (reading.blob(digest) or b"").decode("utf-8", "replace")
