"""What agents pass to each other: messages, checkpoints and hand-offs. Readers must treat the text as untrusted."""

from __future__ import annotations

from enum import StrEnum

from onloop.machine.limits import Bytes, Digest, Id, Millis, Number
from onloop.records import Record


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
