"""A person steps into a task's environment and leaves it: recorded, bounded in time, and it moves nothing."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.entered_environment import LONGEST_INSIDE_MS, MOST_INSIDE, inside_now
from onloop.machine.rules.freshness import Change
from onloop.machine.state import State
from onloop.records import replace
from support.passing import entered, left
from support.scenario import ANA, BEN, Scenario, approve, cancel, claim, fleet, submit, workflow
from support.steps import develop, human

working = workflow(develop()).given(claim())


def who(at: Scenario) -> list[str]:
    return [stay.person for stay in inside_now(at.task.inside, at.now)]


def test_who_steps_in_is_inside_until_they_leave_and_both_are_facts() -> None:
    in_there = working.given(entered())
    (gone,) = in_there.later(90_000).when(left())

    assert who(in_there) == [ANA]
    assert gone == e.PersonLeft("s1", ANA, 90_000, "exit code 0")
    assert who(in_there.given(gone)) == []


def test_whoever_was_killed_in_there_is_not_inside_for_ever() -> None:
    in_there = working.given(entered(most_ms=60_000))

    assert who(in_there.later(59_999)) == [ANA]
    assert who(in_there.later(60_000)) == []
    assert in_there.later(70_000).when(left()) == (e.PersonLeft("s1", ANA, 60_000, "exit code 0"),)


def test_stepping_in_moves_nothing_and_does_not_change_what_a_person_looked_at() -> None:
    asked = workflow(develop(human())).given(claim(), submit())
    seen = asked.task.version
    in_there = asked.given(entered())

    assert in_there.task.state is State.INPUT_REQUIRED
    assert (in_there.task.requests, in_there.task.decisions) == (asked.task.requests, ())
    shown = approve()(asked)
    assert isinstance(shown, c.Approve)
    facts = replace(in_there.facts, changes=(Change(in_there.past[-1][0], ANA, in_there.now),))
    assert replace(in_there, facts=facts).given(replace(shown, version=seen)).task.state is State.COMPLETED


def test_only_an_enrolled_person_steps_in_and_only_they_themselves_leave() -> None:
    with pytest.raises(NotAllowed, match="mallory is not enrolled"):
        working.when(entered(by="mallory"))
    with pytest.raises(Refused, match="human:ben is not inside") as no:
        working.given(entered()).when(left(by=BEN))
    assert no.value.exit is Exit.USAGE


def test_a_person_who_leaves_after_the_task_has_ended_is_recorded_and_nobody_steps_in_any_more() -> None:
    ended = working.given(entered(), cancel())

    assert [type(event) for event in ended.when(left())] == [e.PersonLeft]
    assert ended.given(left()).task.state is State.CANCELED
    assert ended.refuses(entered("s2")).exit is Exit.ENDED


def test_a_freeze_keeps_nobody_from_looking_inside() -> None:
    frozen = working.knowing(frozen="all")

    assert [type(event) for event in frozen.when(entered())] == [e.PersonEntered]


def test_a_stay_has_an_end_a_session_of_its_own_and_a_place() -> None:
    for most_ms in (0, LONGEST_INSIDE_MS + 1):
        assert working.refuses(entered(most_ms=most_ms)).exit is Exit.USAGE
    assert working.given(entered()).refuses(entered()).exit is Exit.USAGE
    full = working
    for number in range(MOST_INSIDE):
        full = full.given(entered(f"s{number}"))
    assert full.refuses(entered("one more")).exit is Exit.SPENT
    assert "has no environment itself" in fleet(State.WORKING).refuses(entered()).message
