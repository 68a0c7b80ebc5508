"""What the work changes about its judges: nothing of it is merged unless a person was shown exactly that."""

from __future__ import annotations

import pytest

from onloop.errors import NotAllowed
from onloop.machine.commands import FailEffect, Retry
from onloop.machine.definition import Assurance
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.rules.flagging import flags_of
from onloop.machine.state import Reason, State
from support.scenario import (
    ANA,
    BEN,
    CLEO,
    DAN,
    OTHER_HEAD,
    Play,
    Scenario,
    approve,
    claim,
    finished,
    pause,
    reject,
    report,
    resume,
    retry,
    submit,
    voice,
    work,
    workflow,
)
from support.steps import develop, human, merge, ship

TESTS = Flag("tests/test_a.py", FlagKind.TEST_CHANGED)
SHADOW = Flag("json.py", FlagKind.SHADOW)
ASKED = (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.merge")
MERGING = (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")


def flagged(*flags: Flag) -> Play:
    return report(flags=flags)


def asked() -> Scenario:
    """A workflow without a human gate, whose evidence is flagged."""
    return workflow(develop(), merge()).given(claim(), submit(), flagged(TESTS, SHADOW))


def found(*flags: Flag) -> Play:
    """The effect finds these flags on the merged result."""
    return lambda at: FailEffect(at.task.effect.id if at.task.effect else "", EffectProblem.FLAGGED, "unseen", flags)


def conflict(at: Scenario) -> FailEffect:
    """The effect meets a conflict."""
    return FailEffect(at.task.effect.id if at.task.effect else "", EffectProblem.CONFLICT, "app.py")


def test_evidence_without_flags_is_merged_without_a_person() -> None:
    assert workflow(develop(), merge()).given(claim(), submit(), report()).stands == MERGING


def test_flagged_evidence_waits_for_a_person_in_a_workflow_that_asks_none() -> None:
    loop = asked()

    assert loop.stands == ASKED
    assert (loop.asked.gate, loop.asked.approvers, loop.asked.quorum) == ("flagged", ("approvers",), 1)
    assert loop.asked.question == (
        "May aaaaaaaaaaaa go into main of billing, though it changes what judged it: json.py (takes the place of a "
        "standard module or of the test runner), tests/test_a.py (a test file is changed)?"
    )
    assert loop.given(approve(), finished()).task.state is State.COMPLETED


def test_only_an_approver_may_let_flagged_evidence_through() -> None:
    for person in (CLEO, DAN):
        with pytest.raises(NotAllowed):
            asked().when(approve(person))


def test_where_nobody_is_an_approver_any_enrolled_person_is_asked() -> None:
    loop = workflow(develop(), merge()).knowing(people={DAN: ()}).given(claim(), submit(), flagged(TESTS))
    assert loop.asked.approvers == ()
    assert loop.given(approve(DAN)).stands == MERGING


def test_a_flag_is_asked_about_with_the_highest_proof_that_the_workflow_asks_for() -> None:
    release = human(assurance=Assurance.A1)
    loop = workflow(develop(), ship(release, on_reject="develop.implement"), merge()).given(claim(), submit(), report())
    assert loop.given(approve(), found(SHADOW)).asked.assurance is Assurance.A1


def test_rejected_flags_go_back_to_the_agent_and_what_was_approved_before_counts_no_more() -> None:
    loop = asked().given(reject(reason="leave the tests alone"))
    assert loop.stands == (State.SUBMITTED, Reason.READY, "develop.implement")

    again = loop.given(claim(), submit(work(OTHER_HEAD)), flagged(TESTS))
    assert again.stands == ASKED


def test_an_approval_before_a_rejection_lets_nothing_through() -> None:
    loop = asked().given(approve(), conflict, reject())
    other = loop.given(claim(), submit(work(OTHER_HEAD)), flagged(TESTS), reject())
    assert other.given(claim(), submit(), flagged(TESTS, SHADOW)).stands == ASKED


def test_an_approval_that_the_workflow_asks_for_covers_what_it_was_shown() -> None:
    loop = workflow(develop(), ship(on_reject="develop.implement"), merge()).given(claim(), submit(), flagged(TESTS))

    assert loop.asked.gate == "release"
    assert "It changes what judged it: tests/test_a.py (a test file is changed)." in loop.asked.question
    assert loop.given(approve()).stands == MERGING


def test_what_is_flagged_only_on_the_merged_result_is_shown_before_the_merge_begins_anew() -> None:
    loop = workflow(develop(), ship(on_reject="develop.implement"), merge())
    loop = loop.given(claim(), submit(), flagged(TESTS), approve(), found(SHADOW))

    assert loop.stands == ASKED
    assert flags_of(loop.task) == (SHADOW, TESTS)
    assert "json.py" in loop.asked.question
    after = loop.given(approve(BEN))
    assert after.stands == MERGING
    assert after.given(finished()).task.state is State.COMPLETED


def test_an_effect_that_names_nothing_new_ends_before_a_person_and_not_in_a_loop() -> None:
    loop = asked().given(approve(), found(TESTS))
    assert loop.stands == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL, "ship.merge")


def test_an_approval_covers_a_second_try_and_one_of_whom_is_struck_off_does_not() -> None:
    loop = asked().given(approve(), conflict)
    assert loop.given(retry()).stands == MERGING
    assert loop.without(ANA).given(Retry(voice(BEN), "again")).stands == ASKED


def test_a_pause_withdraws_the_question_and_a_resumed_task_asks_it_anew() -> None:
    loop = asked().given(pause())
    assert loop.task.requests == ()
    assert loop.given(resume()).stands == ASKED


def test_another_commit_forgets_what_was_found_on_the_merge_of_the_one_before() -> None:
    loop = asked().given(approve(), found(Flag("tox.ini", FlagKind.CONFIGURATION)), reject())
    after = loop.given(claim(), submit(work(OTHER_HEAD)), report())
    assert (after.task.flagged, after.stands) == ((), MERGING)


def test_old_evidence_that_names_changed_configuration_is_flagged_too() -> None:
    loop = workflow(develop(), merge()).given(claim(), submit(), report(changed_config=("conftest.py",)))
    assert flags_of(loop.task) == (Flag("conftest.py", FlagKind.CONFIGURATION),)
    assert loop.stands == ASKED
