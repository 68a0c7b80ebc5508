"""Apply what agents and people passed on to each other to a task: messages, notes, checkpoints and handovers."""

from __future__ import annotations

from typing import assert_never

from onloop.machine import events as e
from onloop.machine.messages import MOST_NOTES, Note, NoteShown, unshown
from onloop.machine.task import Task
from onloop.records import replace

PassedOn = (
    e.MessageReceived
    | e.MessagesShown
    | e.MessagesAcknowledged
    | e.CheckpointSaved
    | e.HandedOff
    | e.NoteSent
    | e.NotesShown
)


def passed_on(task: Task, event: PassedOn, at: int) -> Task:
    """The task after something was passed on to its agent, or shown to it."""
    match event:
        case e.MessageReceived(message):
            number = task.received + 1
            return replace(task, received=number, messages=(*task.messages, replace(message, number=number)))
        case e.MessagesShown(upto):
            return replace(task, shown=upto)
        case e.MessagesAcknowledged(upto):
            return replace(task, shown=0, messages=tuple(m for m in task.messages if m.number > upto))
        case e.CheckpointSaved(checkpoint):
            return replace(task, checkpoints={**task.checkpoints, checkpoint.step: checkpoint})
        case e.HandedOff(handover):
            return replace(task, owner=handover.to or None, handovers=(*task.handovers, handover))
        case e.NoteSent(note):
            number = max((each.number for each in task.notes), default=0) + 1
            return replace(task, notes=(*task.notes, replace(note, number=number))[-MOST_NOTES:])
        case e.NotesShown():
            return replace(task, notes=tuple(_shown(note, event, at) for note in task.notes))
        case _:
            assert_never(event)


def _shown(note: Note, event: e.NotesShown, at: int) -> Note:
    """The note, as shown to the agent unless it was before."""
    if note.number > event.upto or note not in unshown((note,), event.epoch):
        return note
    return replace(
        note, shown=(*note.shown, NoteShown(event.agent, event.epoch, event.attempt, at, event.way))[-MOST_NOTES:]
    )
