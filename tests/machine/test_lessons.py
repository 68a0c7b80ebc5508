"""A lesson is told where its failure strikes, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.definition import DenyOutcome, PolicyGate
from onloop.machine.events import AttemptEnded, Event, LessonsTold, RoundStarted
from onloop.machine.lessons import (
    MOST_TOLD,
    FailurePattern,
    KnownLesson,
    Lesson,
    Lessons,
    Strike,
    StrikeKind,
    lessons_for,
    pattern_of,
)
from onloop.machine.rule_engine import RuleOutcome
from support.scenario import (
    ANA,
    FAIL,
    PASS,
    claim,
    judge,
    reject,
    release,
    report,
    submit,
    under_review,
    work,
    workflow,
)
from support.steps import develop, full, gate, ship

STEP = "develop.implement"


def known(pattern: FailurePattern, lesson: str = "aaaa1111", at: int = 5, *, adopted: bool = True) -> KnownLesson:
    who, when = ("human:ben", at) if adopted else ("", 0)
    return KnownLesson(Lesson(lesson, pattern, "run it first"), ANA, "it struck", 1, who, when)


def of_gate(words: str = "tests says fail", step: str = STEP, gate_id: str = "tests") -> FailurePattern:
    return pattern_of("feature", step, StrikeKind.GATE, gate_id, words)


def lessons(*all_of_them: KnownLesson) -> Lessons:
    return {each.lesson.id: each for each in all_of_them}


def told(events: tuple[Event, ...]) -> list[str]:
    return [lesson.id for event in events if isinstance(event, LessonsTold) for lesson in event.lessons]


def test_a_gate_that_fails_as_before_tells_it_with_the_round_and_the_next_submission_ends_that() -> None:
    at = workflow(develop(), ship()).knowing(lessons=lessons(known(of_gate()))).given(claim(), submit())
    events = at.when(report(verdict=FAIL))
    after = at.given(report(verdict=FAIL))

    assert told(events) == ["aaaa1111"]
    assert any(isinstance(event, RoundStarted) for event in events)
    assert [(lesson.author, lesson.by, lesson.at) for lesson in after.task.lessons] == [(ANA, "human:ben", 5)]
    assert after.given(submit(work("c" * 40))).task.lessons == ()


@pytest.mark.parametrize(
    "other",
    [
        of_gate("another cause"),
        of_gate(step="develop.other"),
        of_gate(gate_id="lint"),
        pattern_of("feature", STEP, StrikeKind.POLICY, "tests", "tests says fail"),
        pattern_of("elsewhere", STEP, StrikeKind.GATE, "tests", "tests says fail"),
    ],
)
def test_it_is_told_for_no_other_cause_step_gate_kind_or_workflow(other: FailurePattern) -> None:
    at = workflow(develop(gate("tests"), gate("lint")), ship()).knowing(lessons=lessons(known(other)))
    at = at.given(claim(), submit(), report("lint", PASS))

    assert told(at.when(report(verdict=FAIL))) == []


def test_one_that_is_only_proposed_is_told_to_nobody() -> None:
    strikes = (Strike(StrikeKind.GATE, "tests", "tests says fail"),)

    assert lessons_for(lessons(known(of_gate(), adopted=False)), "feature", STEP, strikes) == ()


def test_at_the_end_of_the_rounds_it_is_kept_for_whoever_goes_on() -> None:
    at = workflow(develop(rounds=0), ship()).knowing(lessons=lessons(known(of_gate()))).given(claim(), submit())

    assert told(at.when(report(verdict=FAIL))) == ["aaaa1111"]
    assert at.given(report(verdict=FAIL)).task.lessons


def test_an_attempt_that_ends_as_before_tells_it_to_the_next_agent() -> None:
    at = workflow(develop(), ship()).given(claim())
    pattern = pattern_of("feature", STEP, StrikeKind.ATTEMPT, "", "crashed: exit code 70")
    at = at.knowing(lessons=lessons(known(pattern)))
    events = at.when(release())

    assert any(isinstance(event, AttemptEnded) for event in events)
    assert told(events) == ["aaaa1111"]


def test_a_review_and_a_person_who_send_work_back_tell_it_to_whoever_mends_it() -> None:
    at = under_review()
    review = at.task.step or ""
    gate_id = at.definition.step(review).review_gates[0].id
    judged = pattern_of("feature", review, StrikeKind.REVIEW, gate_id, "no tests")
    assert told(at.knowing(lessons=lessons(known(judged))).when(judge("fail", "no tests"))) == ["aaaa1111"]

    asked = workflow(develop(), ship()).given(claim(), submit(), report())
    step, request = asked.task.step or "", asked.task.requests[0]
    rejected = pattern_of("feature", step, StrikeKind.REJECTION, request.gate or "", "not like this")
    assert told(asked.knowing(lessons=lessons(known(rejected))).when(reject())) == ["aaaa1111"]


def test_a_failure_that_sends_work_to_an_earlier_step_tells_it_there() -> None:
    at = workflow(develop(), full(on_fail=STEP), ship()).given(claim(), submit(), report())
    pattern = pattern_of("feature", "test.full", StrikeKind.GATE, at.task.awaited[0], "it says fail")
    at = at.knowing(lessons=lessons(known(pattern)))
    after = at.given(report(at.task.awaited[0], FAIL, summary="it says fail"))

    assert after.task.step == STEP
    assert [lesson.step for lesson in after.task.lessons] == ["test.full"]


@given(st.integers(0, 12))
def test_a_refusal_tells_only_the_newest_few(count: int) -> None:
    all_of_them = lessons(*(known(of_gate(), f"{number:08x}", at=number) for number in range(count)))
    found = lessons_for(all_of_them, "feature", STEP, (Strike(StrikeKind.GATE, "tests", "tests says fail"),))

    assert [lesson.at for lesson in found] == sorted(range(count), reverse=True)[:MOST_TOLD]


def test_causes_that_differ_by_numbers_and_places_are_one() -> None:
    assert of_gate("src/a.py:12:3: F401 unused") == of_gate("src/a.py:77:9: F401 unused")


class Denying:
    """An engine to which no rule is true."""

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        return RuleOutcome(allows=False, words=f"{rule} is false", engine="denying 1", values=tuple(facts)[:1])


def test_a_policy_that_denies_as_before_tells_it_with_the_round() -> None:
    small = PolicyGate("small", "change.count < 3", "At most two files.", DenyOutcome.ROUND)
    pattern = pattern_of("feature", STEP, StrikeKind.POLICY, "small", "change.count < 3 is false")
    at = workflow(develop(gate("tests"), small), ship()).knowing(lessons=lessons(known(pattern)), rules=Denying())

    assert told(at.given(claim(), submit()).when(report())) == ["aaaa1111"]
