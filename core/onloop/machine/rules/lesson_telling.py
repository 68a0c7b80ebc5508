"""Lessons at the place where it failed: work that is sent back takes along what people want said of just that."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine.events import LessonsTold
from onloop.machine.lessons import Strike, StrikeKind, lessons_for
from onloop.machine.policy_gate import PolicyGate
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.task import Evidence, Judgement, Task


def tell_lessons(course: DecisionBuilder, step: str, strikes: Iterable[Strike]) -> None:
    """Record the lessons for these failures at `step`, where there are any: whoever mends them is told."""
    if course.facts.lessons and not course.task.ended:
        told = lessons_for(course.facts.lessons, course.task.workflow, step, strikes)
        if told:
            course.record(LessonsTold(told))


def struck_gates(failed: Iterable[Evidence]) -> tuple[Strike, ...]:
    """What verifiers found, as failures."""
    return tuple(Strike(StrikeKind.GATE, found.gate, found.summary) for found in failed)


def struck_policies(task: Task, step: str, denied: Iterable[PolicyGate]) -> tuple[Strike, ...]:
    """What policies denied, in the words of their findings."""
    found = (task.policy(step, gate.id) for gate in denied)
    return tuple(Strike(StrikeKind.POLICY, each.gate, each.words) for each in found if each is not None)


def struck_reviews(fails: Iterable[Judgement]) -> tuple[Strike, ...]:
    """What reviewing agents judged a fail."""
    return tuple(Strike(StrikeKind.REVIEW, each.gate, each.reason) for each in fails)
