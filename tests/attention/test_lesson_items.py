"""A proposed lesson is a row of the Inbox that says who wants what said, and what adopts it."""

from __future__ import annotations

from onloop.attention.groups import groups_of
from onloop.attention.items import Tier
from onloop.attention.lesson_items import lesson_items, proposed_lesson
from onloop.attention.lifecycle import Life
from onloop.cli.render import group_lines
from onloop.machine.lessons import KnownLesson, Lesson, StrikeKind, pattern_of
from onloop.records import replace
from onloop_tui.model.decide.cli_equivalents import row_equivalent
from onloop_tui.model.inbox.explain import why_no_task

PATTERN = pattern_of("feature", "develop.write", StrikeKind.GATE, "lint", "F401 unused")
PROPOSED = KnownLesson(Lesson("aaaa1111", PATTERN, "run ruff\x1b[31m first"), "human:cleo", "it struck 9 times", 5)
ADOPT = 'onloop harness adopt aaaa1111 --reason "…"'


def test_a_proposed_lesson_is_a_decision_of_its_own_and_one_in_force_asks_nobody() -> None:
    in_force = replace(PROPOSED, adopted_by="human:ben", adopted_at=7)
    other = replace(PROPOSED, lesson=replace(PROPOSED.lesson, id="bbbb2222"))
    groups = groups_of(lesson_items({"a": PROPOSED, "b": other}))

    assert {proposed_lesson(group) for group in groups} == {"aaaa1111", "bbbb2222"}
    assert {(group.tier, group.since, group.has_tasks) for group in groups} == {(Tier.DECISION, 5, False)}
    assert lesson_items({"a": in_force}) == ()


def test_its_row_says_who_wants_what_said_where_and_what_has_it_told() -> None:
    (group,) = groups_of(lesson_items({"a": PROPOSED}))
    lines = list(group_lines(group, Life(), 10))

    assert any("human:cleo wants said where lint of develop.write fails: run ruff" in line for line in lines)
    assert any(ADOPT in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert row_equivalent(group) == ADOPT
    assert ADOPT in why_no_task(group)
