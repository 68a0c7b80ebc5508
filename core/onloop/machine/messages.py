"""What agents pass to each other, which readers must treat as untrusted; and the notes of people to agents."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.limits import Bytes, Digest, Id, Millis, Number, Statement
from onloop.records import Record

MOST_NOTES = 20
"""How many notes of people a task keeps, and how many may wait for an agent."""


class MessageKind(StrEnum):
    """What a message is."""

    NOTE = "note"
    FINDING = "finding"
    QUESTION = "question"
    RESULT = "result"


class Message(Record):
    """What the agent `by`, at work on the task `origin`, tells another task; its text is stored by digest."""

    kind: MessageKind
    by: Id
    origin: Id
    digest: Digest
    size: Bytes
    at: Millis
    number: Number = 0


class Checkpoint(Record):
    """How far an agent is with a step, in its own words, stored by digest, for whoever goes on after it."""

    step: str
    digest: str
    size: int
    by: str
    at: int


class Handover(Record):
    """Who gave the step to whom, and why, with what they left `open`; `to` is empty for anyone in the step's role."""

    step: str
    by: str
    to: str
    why: str
    at: int
    open: tuple[str, ...] = ()


class NoteShown(Record):
    """Which agent was shown a note, under which epoch, in which attempt, when (ms), and in what: `check`, `brief`."""

    agent: str
    epoch: int
    attempt: int
    at: int
    way: str


class Note(Record):
    """What the person `by` tells whoever works on a task: no approval, and no evidence.

    It is shown once in each attempt, and counts until the step in which it was first shown is over.
    """

    by: Id
    text: Statement
    at: Millis
    number: Number = 0
    shown: tuple[NoteShown, ...] = ()
    is_over: bool = False


def unshown(notes: tuple[Note, ...], epoch: int) -> tuple[Note, ...]:
    """The notes that count and that the holder under `epoch` was not shown."""
    return tuple(note for note in notes if not note.is_over and all(shown.epoch != epoch for shown in note.shown))
