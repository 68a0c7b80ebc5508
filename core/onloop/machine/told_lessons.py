"""A lesson as it is told: what a task remembers of it, and no more, since whatever reads a task loads this."""

from __future__ import annotations

from onloop.records import Record

LONGEST_LESSON = 600
"""How many characters the words of a lesson have at most."""


class ToldLesson(Record):
    """A lesson as an agent is told it: it is from people, `author` wrote it, and `by` adopted it at `at` (ms)."""

    id: str
    step: str
    gate: str
    words: str
    author: str
    by: str
    at: int


class LessonsTold(Record):
    """The work was sent back with these lessons, because their patterns struck."""

    lessons: tuple[ToldLesson, ...]
