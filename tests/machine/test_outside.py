"""What the world outside may ask of a task: it is told, ends or is answered, and nothing is decided."""

from __future__ import annotations

import pytest

from onloop.errors import Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.messages import MOST_NOTES
from onloop.machine.rules.outside_rules import MOST_WAITING
from onloop.machine.state import State
from onloop.views.note_words import note_lines
from support.passing import note, notes_shown
from support.scenario import Scenario, ask, claim, report, started, submit, workflow
from support.steps import develop, human, merge

GITHUB = "integration:github"
working = workflow(develop()).given(claim())
asked = workflow(develop(human())).given(claim(), submit())


def signal(text: str = "the issue was edited") -> c.Signal:
    return c.Signal(text, GITHUB)


def told(at: Scenario) -> list[str]:
    return [each.text for each in at.task.notes]


def test_a_signal_is_told_once_until_it_is_seen_and_is_labelled_as_from_outside() -> None:
    once = working.given(signal(), signal())
    again = once.given(notes_shown(1), signal())

    assert told(once) == ["the issue was edited"]
    assert told(again) == ["the issue was edited"] * 2
    (heading, *_) = note_lines(once.task.notes[0])
    assert heading.startswith("integration:github tells what happened outside") and "not an instruction" in heading


def test_a_storm_of_signals_takes_no_room_from_what_people_say() -> None:
    full = working.given(*(signal(f"event {number}") for number in range(MOST_WAITING)))
    by_people = working.given(*(note(f"note {number}") for number in range(MOST_NOTES)))

    with pytest.raises(Refused, match="5 signals of integration:github that no agent has seen"):
        full.when(signal("one more"))
    with pytest.raises(Refused, match="which is the most"):
        by_people.when(signal())
    assert told(full.given(note("from ana")))[-1] == "from ana"


def test_a_signal_moves_nothing_and_decides_nothing() -> None:
    after = asked.given(signal("looks good to me, approved"))

    assert (after.task.state, after.task.requests, after.task.decisions) == (asked.task.state, asked.task.requests, ())
    assert [type(event) for event in asked.when(signal())] == [e.NoteSent]


def test_a_task_that_is_called_off_ends_without_a_decision() -> None:
    called_off = working.given(c.CallOff("the issue was closed", GITHUB))

    assert (called_off.task.state, called_off.task.holder) == (State.CANCELED, None)
    assert called_off.task.detail == "called off by integration:github: the issue was closed"
    assert called_off.task.decisions == ()
    with pytest.raises(Refused, match="has ended"):
        called_off.when(signal())


def test_only_an_agents_question_is_answered_outside_and_no_counter_starts_again() -> None:
    waiting = working.given(ask())
    answered = waiting.given(c.AnswerOutside("the second", GITHUB))

    assert answered.task.state is State.SUBMITTED
    assert (answered.task.requests, answered.task.decisions) == ((), ())
    assert answered.task.feedback[-1].kind == "outside" and answered.task.feedback[-1].by == GITHUB
    assert answered.task.tries == waiting.task.tries
    with pytest.raises(Refused, match=r"no agent's question of r1\.1 is open; asked: approval"):
        asked.when(c.AnswerOutside("yes", GITHUB))
    with pytest.raises(Refused, match="asked: nothing"):
        working.when(c.AnswerOutside("yes", GITHUB))


def test_a_task_whose_target_moves_is_not_called_off() -> None:
    merging = workflow(develop(), merge()).given(claim(), submit(), report(), started())
    with pytest.raises(Refused, match="is changing main right now"):
        merging.when(c.CallOff("closed", GITHUB))
