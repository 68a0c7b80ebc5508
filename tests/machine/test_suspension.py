"""Pausing, excluding and resuming: nothing moves meanwhile, nothing is lost, and what was passed stays passed."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Refused, Stale
from onloop.machine import commands as c
from onloop.machine.events import EffectRequested, LeaseEnded, Moved, RequestClosed
from onloop.machine.state import Reason, State
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    BRAVO,
    DAN,
    FAIL,
    Play,
    Scenario,
    approve,
    ask,
    cancel,
    claim,
    create,
    exclude,
    fleet,
    member,
    pause,
    reassign,
    release,
    reply,
    report,
    resume,
    retry,
    started,
    submit,
    voice,
    workflow,
)
from support.steps import SECOND, defined, develop, gate, human, merge, ship

PAUSED = (State.PAUSED, Reason.PAUSED, "develop.implement")
EXCLUDED = (State.PAUSED, Reason.EXCLUDED, "develop.implement")
READY = (State.SUBMITTED, Reason.READY, "develop.implement")


def working() -> Scenario:
    return workflow(develop()).given(claim())


def test_a_pause_ends_the_lease_and_says_who_wanted_it_and_why() -> None:
    events = working().when(pause("look first"))

    assert events == (
        LeaseEnded(1, "paused", step="develop.implement"),
        Moved(State.PAUSED, Reason.PAUSED, "paused by human:ana: look first"),
    )


def test_a_paused_task_hears_nothing_from_whoever_held_it() -> None:
    loop = working().given(pause())

    late = c.Submit(ALFA, 1, submit()(working()).submission)  # type: ignore[union-attr]
    assert isinstance(loop.refuses(late), NotAllowed)
    assert loop.refuses(claim(BRAVO)).exit is Exit.NOTHING
    assert loop.given(resume(), claim(BRAVO)).task.epoch == 2


def test_a_paused_task_is_given_to_nobody_else_before_it_goes_on() -> None:
    refused = working().given(pause()).refuses(reassign(BRAVO))

    assert (refused.exit, refused.hint) == (Exit.HELD, "onloop resume r1.1 first, then reassign it")
    assert working().given(pause(), resume(), reassign(BRAVO), claim(BRAVO)).task.holder == BRAVO


def test_a_resumed_task_waits_at_the_same_step_with_the_pause_in_its_brief() -> None:
    loop = working().given(submit(), report("tests", FAIL), pause("look first"), resume("mind the lock"))

    assert loop.stands == READY
    said = loop.task.feedback[-1]
    assert (said.kind, said.text) == ("resume", "paused by human:ana: look first; then: mind the lock")
    assert (loop.task.round, loop.task.visits) == (0, {"develop.implement": 1})


def test_a_question_that_nobody_answered_is_withdrawn_and_kept_for_the_brief() -> None:
    asked = working().given(ask("Which port?"))
    loop = asked.given(pause())

    assert RequestClosed(asked.asked.id, "paused") in asked.when(pause())
    no = loop.refuses(c.Reply(asked.asked.id, voice(), "5432"))
    assert isinstance(no, Stale) and "paused by human:ana" in no.message
    assert "Which port?" in loop.given(resume()).task.feedback[-1].text


def test_an_approval_is_asked_anew_after_a_pause_and_the_work_is_not_done_again() -> None:
    loop = workflow(develop(gate(), human()), merge()).given(claim(), submit(), report())
    assert loop.stands[1] is Reason.APPROVAL_REQUIRED

    again = loop.given(pause(), resume())
    assert again.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "develop.implement")
    assert again.asked.id != loop.asked.id
    assert again.given(approve()).stands[0] is State.WORKING


def test_an_approval_given_before_the_pause_counts_after_it() -> None:
    loop = workflow(ship(human(quorum=2))).given(approve(ANA), pause(), resume())

    assert loop.given(approve(BEN)).task.state is State.COMPLETED


def test_gates_are_checked_again_when_an_effect_is_resumed() -> None:
    merging = workflow(develop(), ship(), merge()).given(claim(), submit(), report(), approve())
    loop = merging.given(pause())

    assert loop.task.effect is None
    assert any(isinstance(event, EffectRequested) for event in loop.when(resume()))
    struck_off = loop.without(ANA).knowing(people={BEN: ("approvers",)})
    by_ben = c.Resume(voice(BEN))
    assert struck_off.given(by_ben).stands[1] is Reason.CHANGED_SINCE_APPROVAL


def test_nothing_is_paused_or_excluded_while_its_target_is_being_moved() -> None:
    merging = member(develop(), merge()).given(claim(), submit(), report(), started())

    assert {merging.refuses(stop()).exit for stop in (pause, exclude)} == {Exit.UNAVAILABLE}


@pytest.mark.parametrize("stop", [pause(" "), exclude("")], ids=["pause", "exclude"])
def test_stopping_needs_a_reason(stop: c.Command) -> None:
    assert member(develop()).refuses(stop).exit is Exit.USAGE


@pytest.mark.parametrize("kind", [c.Pause, c.Exclude, c.Resume])
def test_only_somebody_enrolled_stops_a_task_or_lets_it_go_on(kind: type[c.Pause | c.Exclude | c.Resume]) -> None:
    loop = member(develop()).given(pause()) if kind is c.Resume else member(develop())

    assert isinstance(loop.without(DAN).refuses(kind(voice(DAN), "look")), NotAllowed)


def test_who_pauses_second_is_told_who_did_and_when() -> None:
    no = working().given(pause("look first")).later(4 * SECOND).refuses(pause())

    assert "paused by human:ana: look first, 4 s ago" in no.message


def test_what_is_paused_can_be_excluded_and_what_is_excluded_is_neither_again() -> None:
    loop = member(develop()).given(pause(), exclude("too odd"))

    assert loop.stands == EXCLUDED
    assert loop.task.detail == "excluded by human:ana: too odd"
    assert loop.refuses(exclude()).exit is Exit.NOTHING
    assert loop.refuses(pause()).exit is Exit.NOTHING


def test_a_run_of_one_task_cannot_be_excluded_from_anything() -> None:
    assert "onloop pause" in workflow(develop()).refuses(exclude()).hint


def test_an_excluded_task_comes_back_while_its_run_is_live_and_not_afterwards() -> None:
    loop = member(develop()).given(claim(), release(), exclude())

    assert loop.given(resume()).stands == READY
    assert loop.knowing(run_live=False).refuses(resume()).exit is Exit.ENDED
    assert loop.knowing(run_live=False).given(cancel()).task.state is State.CANCELED


def test_what_is_not_paused_cannot_be_resumed() -> None:
    assert working().refuses(resume()).exit is Exit.NOTHING


@pytest.mark.parametrize(
    ("loop", "move"),
    [
        (member(develop()), claim()),
        (member(ship()), approve()),
        (member(develop()).given(claim(), ask()), reply()),
        (member(develop()).given(claim(), release()), retry()),
    ],
    ids=["claim", "approve", "answer", "retry"],
)
def test_nothing_in_a_paused_run_is_let_go_on(loop: Scenario, move: c.Command | Play) -> None:
    no = loop.knowing(run_paused=True).refuses(move)

    assert (no.exit, no.hint) == (Exit.HELD, "onloop resume r1")
    assert loop.when(move)


def test_a_paused_fleet_is_not_settled_until_it_goes_on() -> None:
    loop = fleet(State.COMPLETED).given(pause())

    assert loop.when(c.Settle()) == ()
    assert loop.given(resume()).stands[:2] == (State.WORKING, Reason.CHILDREN_RUNNING)
    assert loop.given(resume(), c.Settle()).task.state is State.COMPLETED


def test_a_run_that_was_frozen_is_not_paused() -> None:
    loop = Scenario(defined(develop())).given(create()).knowing(frozen="all")

    assert isinstance(loop.refuses(pause()), Refused)
