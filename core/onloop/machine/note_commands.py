"""The commands about what people tell the agents of a task."""

from __future__ import annotations

from onloop.machine.limits import Id, Number, Statement
from onloop.machine.voice import Voice
from onloop.records import Record


class SendNote(Record):
    """A person tells whoever works on the task something; it decides nothing."""

    voice: Voice
    text: Statement
    version: Number | None = None


class MarkNotesShown(Record):
    """The holder was shown the notes of people up to number `upto`, in `way`: an answer or a brief."""

    agent: Id
    epoch: Number
    upto: Number
    way: Id = ""
