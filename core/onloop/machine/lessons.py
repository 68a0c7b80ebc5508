"""Lessons: what people found out about a failure that comes again, told again exactly where it comes again.

People propose one, an approver adopts it, and from then on it is in the refusal of that step for that cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, assert_never

from onloop.machine.limits import Id, Millis, Text, Words
from onloop.machine.signature import LONGEST_SIGNATURE, signature
from onloop.machine.told_lessons import LONGEST_LESSON, ToldLesson
from onloop.records import Record, replace

MOST_LESSONS = 200
"""How many lessons may be in force."""
MOST_PROPOSED = 50
"""How many may wait for an approver."""
MOST_TOLD = 3
"""How many lessons one refusal tells, the newest first: more of them would not be read."""


class StrikeKind(StrEnum):
    """What sent work back, or kept it from going on."""

    GATE = "gate"
    POLICY = "policy"
    REVIEW = "review"
    REJECTION = "rejection"
    ATTEMPT = "attempt"
    GATE_ERROR = "gate_error"
    TURN = "turn"
    DENIAL = "denial"


TELLABLE = frozenset({StrikeKind.GATE, StrikeKind.POLICY, StrikeKind.REVIEW, StrikeKind.REJECTION, StrikeKind.ATTEMPT})
"""What sends work back to an agent with words, so that a lesson can stand among them."""


class FailurePattern(Record):
    """Failures that are the same: at which step of which workflow, by what (`gate` names it), and of which cause.

    `cause` is the signature of the words in which it failed. Code under judgement may have written them.
    """

    workflow: Id
    step: Id
    kind: StrikeKind
    gate: Id
    cause: Annotated[str, Text(LONGEST_SIGNATURE, foreign=True)]


def pattern_of(workflow: str, step: str, kind: StrikeKind, gate: str, words: str) -> FailurePattern:
    """The pattern of one failure, from the words in which it failed."""
    return FailurePattern(workflow, step, kind, gate, signature(words))


class Lesson(Record):
    """What people want said wherever `pattern` strikes; `id` follows from both."""

    id: Id
    pattern: FailurePattern
    words: Annotated[str, Text(LONGEST_LESSON, foreign=True)]


class LessonProposed(Record):
    """A person wants a lesson told; nobody is told it yet. `evidence` says how often its pattern struck by then."""

    lesson: Lesson
    by: Id
    evidence: Words
    at: Millis = 0


class LessonAdopted(Record):
    """An approver has a proposed lesson told from now on."""

    id: Id
    by: Id
    reason: Words
    at: Millis = 0


class LessonDropped(Record):
    """A lesson is told no longer; one that was only proposed is declined."""

    id: Id
    by: Id
    reason: Words
    at: Millis = 0


LessonEvent = LessonProposed | LessonAdopted | LessonDropped


class KnownLesson(Record):
    """A lesson that is proposed or in force: who wrote it, on which evidence, and who adopted it, if anybody has."""

    lesson: Lesson
    proposed_by: str
    evidence: str
    proposed_at: int
    adopted_by: str = ""
    adopted_at: int = 0

    @property
    def is_in_force(self) -> bool:
        """Whether it is told."""
        return bool(self.adopted_by)


Lessons = Mapping[str, KnownLesson]
"""By id: the lessons that are proposed or in force."""


def lessons_after(lessons: Lessons, event: LessonEvent) -> Lessons:
    """The lessons after the event."""
    match event:
        case LessonProposed(lesson, by, evidence, at):
            return {**lessons, lesson.id: KnownLesson(lesson, by, evidence, at)}
        case LessonAdopted(id, by, _, at):
            return {**lessons, id: replace(lessons[id], adopted_by=by, adopted_at=at)}
        case LessonDropped(id):
            return {key: known for key, known in lessons.items() if key != id}
        case _:
            assert_never(event)


class Strike(Record):
    """One failure that sends work back: by what, and in which words."""

    kind: StrikeKind
    gate: str
    words: str


def lessons_for(lessons: Lessons, workflow: str, step: str, strikes: Iterable[Strike]) -> tuple[ToldLesson, ...]:
    """The lessons in force whose pattern is one of these failures, the newest first, and no more than a few."""
    if not any(known.is_in_force for known in lessons.values()):
        return ()
    struck = {pattern_of(workflow, step, each.kind, each.gate, each.words) for each in strikes}
    found = [known for known in lessons.values() if known.is_in_force and known.lesson.pattern in struck]
    newest = sorted(found, key=lambda known: (-known.adopted_at, known.lesson.id))
    return tuple(_told(known) for known in newest[:MOST_TOLD])


def _told(known: KnownLesson) -> ToldLesson:
    lesson = known.lesson
    at = lesson.pattern
    return ToldLesson(lesson.id, at.step, at.gate, lesson.words, known.proposed_by, known.adopted_by, known.adopted_at)


def in_force(lessons: Lessons) -> Iterator[KnownLesson]:
    """Those that are told, in the order in which they were proposed."""
    return (known for known in lessons.values() if known.is_in_force)


def waiting(lessons: Lessons) -> Iterator[KnownLesson]:
    """Those that wait for an approver, in that order."""
    return (known for known in lessons.values() if not known.is_in_force)
