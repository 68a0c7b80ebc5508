"""Attention items for lessons that wait for an approver: one for each."""

from __future__ import annotations

from onloop.attention.fingerprint import fingerprint
from onloop.attention.groups import Group
from onloop.attention.items import TIERS, AttentionItem
from onloop.machine.lessons import KnownLesson, Lessons, waiting
from onloop.machine.state import Reason

_LESSON = "lesson:"


def lesson_items(lessons: Lessons) -> tuple[AttentionItem, ...]:
    """An item for each proposed lesson. Its `task` is the lesson, as `lesson:ID`."""
    return tuple(_item(known) for known in waiting(lessons))


def proposed_lesson(group: Group) -> str | None:
    """The lesson that a group is about, if it is about a proposed one."""
    name = group.members[0].task
    return None if group.has_tasks or not name.startswith(_LESSON) else name.removeprefix(_LESSON)


def adopt_command(lesson: str) -> str:
    """What has a proposed lesson told from then on."""
    return f'onloop harness adopt {lesson} --reason "…"'


def _item(known: KnownLesson) -> AttentionItem:
    lesson = known.lesson
    pattern = lesson.pattern
    where = pattern.gate or "an attempt"
    return AttentionItem(
        task=f"{_LESSON}{lesson.id}",
        run="",
        repo=None,
        title=adopt_command(lesson.id),
        workflow=pattern.workflow,
        step=f"lesson {lesson.id} for {pattern.step}",
        reason=Reason.CHOICE,
        tier=TIERS[Reason.CHOICE],
        gate=pattern.gate or None,
        detail=f"{known.proposed_by} wants said where {where} of {pattern.step} fails: {lesson.words}",
        signature=lesson.id,
        cause=fingerprint(Reason.CHOICE.value, "lesson", lesson.id),
        since=known.proposed_at,
        version=1,
        requests=(),
    )
