"""Facts of children, and of what agents and people tell each other."""

from __future__ import annotations

from onloop.machine.messages import Checkpoint, Handover, Message, Note
from onloop.machine.task import Feedback, Hand, Judgement, Offspring, Submission
from onloop.records import Record


class Judged(Record):
    """An agent who had no part in the work judged it."""

    judgement: Judgement


class FannedOut(Record):
    """The step made these children; they begin in the same transaction."""

    children: tuple[Offspring, ...]


class Joined(Record):
    """The children were enough: the work of these counts, in this order.

    `workers` are the agents who did it, `hands` who claimed it for them.
    """

    children: tuple[str, ...]
    workers: tuple[str, ...] = ()
    hands: tuple[Hand, ...] = ()


class Funnelled(Record):
    """The children's commits were merged into one, which the step submits."""

    submission: Submission


class Told(Record):
    """The holder told these tasks something; it reaches them in the same transaction."""

    to: tuple[str, ...]
    message: Message


class MessageReceived(Record):
    """An agent at work on another task of the run said this."""

    message: Message


class MessagesShown(Record):
    """The holder was shown its messages up to this number."""

    upto: int


class MessagesAcknowledged(Record):
    """The holder acted after it was shown its messages up to this number: they are read."""

    upto: int


class CheckpointSaved(Record):
    """The holder left word of how far it is."""

    checkpoint: Checkpoint


class HandedOff(Record):
    """The step was given to another agent; that counts as no try."""

    handover: Handover


class ContextReported(Record):
    """The holder said how much of its context is in use."""

    percent: int


class NoteSent(Record):
    """A person told whoever works on the task something."""

    note: Note


class AnsweredOutside(Record):
    """What an agent asked was answered outside, by no person: its next brief says by what. Nothing starts again."""

    feedback: Feedback


class NotesShown(Record):
    """The holder was shown the notes of people up to number `upto`, in `way`: an answer or a brief."""

    upto: int
    agent: str
    epoch: int
    attempt: int
    way: str = ""
