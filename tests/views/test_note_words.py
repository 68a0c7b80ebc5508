"""A note as people and agents read of it: one line has one spelling of time."""

from __future__ import annotations

from onloop.machine.messages import Note, NoteShown
from onloop.times import second_words
from onloop.views.note_words import shown_words

AT = 1_774_699_209_000


def test_people_read_when_a_note_was_shown_as_they_read_when_it_was_written() -> None:
    note = Note("human:ana", "look here", AT, shown=(NoteShown("agent:alfa", 1, 1, AT, "check"),))

    assert shown_words(note) == f"shown to agent:alfa in check, attempt 1, {second_words(AT)}"
