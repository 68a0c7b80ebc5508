"""Lessons as an agent is told them: from whom they are, and no line of one can pass for one of ours."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.machine.digest import Json
from onloop.machine.told_lessons import LONGEST_LESSON, ToldLesson
from onloop.text import safe
from onloop.times import utc_words

MOST_LINES = 12


def lesson_heading(lesson: ToldLesson) -> str:
    """Who wrote it and who adopted it, when, and where it strikes."""
    who = lesson.by if lesson.author == lesson.by else f"{lesson.author}, adopted by {lesson.by}"
    at = f"{lesson.gate} of {lesson.step}" if lesson.gate else lesson.step
    return safe(f"lesson {lesson.id} from {who} ({utc_words(lesson.at)}), for this failure of {at}:", 900)


def lesson_lines(lesson: ToldLesson) -> Iterator[str]:
    """The lesson with its heading, each of its lines behind a bar."""
    yield lesson_heading(lesson)
    for line in lesson.words[:LONGEST_LESSON].strip().splitlines()[:MOST_LINES]:
        yield f"  | {safe(line)}"


def lesson_json(lesson: ToldLesson) -> Json:
    """The lesson for programs."""
    return {
        "id": lesson.id,
        "step": lesson.step,
        "gate": lesson.gate,
        "text": lesson.words,
        "author": lesson.author,
        "by": lesson.by,
        "at": lesson.at,
    }
