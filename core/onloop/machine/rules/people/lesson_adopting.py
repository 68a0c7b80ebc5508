"""Who may propose, adopt and drop lessons, and what can be a lesson at all."""

from __future__ import annotations

import re
from typing import assert_never

from onloop.errors import BadInput, Exit, Ground, NotAllowed, Refused, UnknownThing
from onloop.machine.lessons import (
    MOST_LESSONS,
    MOST_PROPOSED,
    TELLABLE,
    KnownLesson,
    Lesson,
    LessonAdopted,
    LessonDropped,
    LessonEvent,
    LessonProposed,
    in_force,
    waiting,
)
from onloop.machine.rules.people.enrolment import APPROVERS
from onloop.machine.store_state import StoreState
from onloop.text import safe

_ID = re.compile(r"[0-9a-f]{8}")


def check_lesson_event(house: StoreState, by: str, event: LessonEvent) -> None:
    """Refuse whoever is not enrolled; to adopt and drop, whoever is no approver; and what could not be told."""
    match event:
        case LessonProposed(lesson):
            _check_enrolled(house, by)
            _check_proposed(house, lesson)
        case LessonAdopted(id, _, reason):
            _check_approver(house, by, reason)
            known = _known(house, id)
            if known.is_in_force:
                words = f"lesson {id} is in force already, adopted by {known.adopted_by}"
                raise Refused(words, exit=Exit.NOTHING, hint="onloop harness lessons")
            if sum(1 for _ in in_force(house.lessons)) >= MOST_LESSONS:
                words = f"{MOST_LESSONS} lessons are in force, which is the most"
                raise BadInput(words, hint="onloop harness lessons names those that did nothing; drop some")
        case LessonDropped(id, _, reason):
            _check_approver(house, by, reason)
            _known(house, id)
        case _:
            assert_never(event)


def _check_enrolled(house: StoreState, by: str) -> None:
    if by not in house.groups:
        raise NotAllowed(f"{by} is not enrolled", hint="an enrolled person must propose it", ground=Ground.KIND)


def _check_approver(house: StoreState, by: str, reason: str) -> None:
    if APPROVERS not in house.groups.get(by, ()):
        hint = f"somebody in {APPROVERS} must adopt and drop lessons"
        raise NotAllowed(f"{by} is not an approver", hint=hint, ground=Ground.KIND)
    if not reason.strip():
        raise BadInput("a reason is needed, and none was given", hint='--reason "why"')


def _known(house: StoreState, lesson_id: str) -> KnownLesson:
    known = house.lessons.get(lesson_id)
    if known is None:
        hint = f"there are: {', '.join(sorted(house.lessons)[:20]) or 'none'}"
        raise UnknownThing(f"there is no lesson {safe(lesson_id, 64)!r}", hint=hint)
    return known


def _check_proposed(house: StoreState, lesson: Lesson) -> None:
    if _ID.fullmatch(lesson.id) is None:
        raise BadInput(f"{safe(lesson.id, 64)!r} is no id of a lesson", hint="onloop harness propose PATTERN makes it")
    if not lesson.words.strip():
        raise BadInput("a lesson says nothing", hint='--lesson "what to do instead"')
    if lesson.pattern.kind not in TELLABLE:
        words = f"no refusal tells a lesson about a {lesson.pattern.kind.value}"
        raise BadInput(words, hint="propose a change of files: --kind agents-md, test, linter or gate")
    known = house.lessons.get(lesson.id)
    if known is not None:
        stands = "in force" if known.is_in_force else "proposed"
        words = f"lesson {lesson.id} is {stands} already, by {known.adopted_by or known.proposed_by}"
        raise Refused(words, exit=Exit.NOTHING, hint="onloop harness lessons")
    if sum(1 for _ in waiting(house.lessons)) >= MOST_PROPOSED:
        words = f"{MOST_PROPOSED} lessons wait for an approver, which is the most"
        raise BadInput(words, hint="onloop harness adopt ID --reason …, or drop some")
