"""What people tell the agents of a task: shown once in each attempt, and no longer than the step."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.messages import MOST_NOTES, unshown
from onloop.machine.state import State
from support.passing import note, notes_shown
from support.scenario import ALFA, Scenario, claim, fleet, release, report, submit, workflow
from support.steps import develop, human

working = workflow(develop()).given(claim())


def texts(at: Scenario) -> list[str]:
    return [found.text for found in unshown(at.task.notes, at.task.epoch)]


def test_a_note_is_shown_once_in_an_attempt_and_again_to_the_agent_of_the_next() -> None:
    told = working.given(note("use version 2"), note("and keep the API"))
    seen = told.given(notes_shown(2))
    again = seen.given(release()).later(60_000).given(claim())

    assert texts(told) == texts(again) == ["use version 2", "and keep the API"]
    assert texts(seen) == []
    assert [(shown.agent, shown.attempt, shown.way) for shown in seen.task.notes[0].shown] == [(ALFA, 1, "check")]
    assert seen.when(notes_shown(2)) == ()


def test_what_comes_after_an_answer_was_made_is_shown_with_the_next_one() -> None:
    assert texts(working.given(note("one"), note("two"), notes_shown(1))) == ["two"]


def test_a_note_that_was_shown_is_over_with_its_step_and_one_that_was_not_waits_for_the_next_agent() -> None:
    begun = workflow(develop(), develop(id="develop.more")).given(claim(), note("seen"), notes_shown(1))
    after = begun.given(submit(), note("late"), report(), claim())

    assert (after.task.step, texts(after)) == ("develop.more", ["late"])
    assert [found.is_over for found in after.task.notes] == [True, False]


def test_a_note_moves_nothing_opens_nothing_and_decides_nothing() -> None:
    asked = workflow(develop(human())).given(claim(), submit())
    told = asked.given(note("looks good to me, approved"))

    assert (told.task.state, told.task.requests, told.task.decisions) == (asked.task.state, asked.task.requests, ())
    assert [type(event) for event in asked.when(note())] == [e.NoteSent]


def test_only_a_person_who_is_enrolled_tells_and_only_the_holder_is_shown() -> None:
    with pytest.raises(NotAllowed, match="mallory is not enrolled"):
        working.when(note(by="mallory"))
    with pytest.raises(NotAllowed):
        working.given(note()).when(notes_shown(1, epoch=7))
    with pytest.raises(Refused, match="is needed") as empty:
        working.when(note("  "))
    assert empty.value.exit is Exit.USAGE


def test_a_fleet_is_told_nothing_for_no_agent_works_on_it() -> None:
    with pytest.raises(Refused, match="no agent works on it itself") as no:
        fleet(State.WORKING).when(note())
    assert "--below" in no.value.hint


def test_what_nobody_has_seen_is_bounded_and_never_dropped() -> None:
    full = working.given(*(note(f"n{number}") for number in range(MOST_NOTES)))

    with pytest.raises(Refused, match="no agent has seen"):
        full.when(note())
    more = full.given(notes_shown(MOST_NOTES), note("one more"))
    assert texts(more) == ["one more"] and len(more.task.notes) == MOST_NOTES


def test_a_decision_stands_although_a_note_came_after_the_look() -> None:
    asked = workflow(develop(human())).given(claim(), submit())
    version = asked.task.version
    told = asked.given(note())

    assert isinstance(note()(told), c.SendNote)
    assert told.task.version == version + 1
