"""Work that is made elsewhere: it is a submission like any other, and what comes back is never a decision."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine import commands as c
from onloop.machine.elsewhere import FeedbackKind, PlaceEnd
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind
from onloop.records import replace
from support.elsewhere import BRANCH, FORGE, PULL, adopt, away, ended, hear
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    FAIL,
    HEAD,
    OTHER_HEAD,
    Scenario,
    approve,
    claim,
    pause,
    reassign,
    reject,
    release,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import develop, merge, reviewed, ship

AWAY = (State.SUBMITTED, Reason.ELSEWHERE, "develop.implement")
SHIPPED = (develop(), ship(), merge())


def shown() -> Scenario:
    """A pull request that passed its gates, and waits for an approval."""
    return away(*SHIPPED).given(adopt(), report())


def test_a_task_whose_work_is_made_elsewhere_waits_for_it_and_no_agent_may_claim_it() -> None:
    at = away(*SHIPPED)

    assert at.stands == AWAY
    assert at.task.wanted is None
    assert at.refuses(claim()).exit is Exit.NOTHING


def test_what_is_pushed_there_is_gated_approved_and_merged_like_any_other_work() -> None:
    at = away(*SHIPPED).given(adopt())
    assert at.stands == (State.WORKING, Reason.GATES_RUNNING, "develop.implement")
    assert at.task.holder is None

    at = at.given(report())
    assert at.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")

    assert at.given(approve()).stands == (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")


def test_the_same_commit_again_does_nothing() -> None:
    at = away(*SHIPPED).given(adopt())

    assert at.when(adopt()) == ()
    assert at.given(report()).when(adopt()) == ()


def test_a_new_push_makes_evidence_and_the_open_request_stale() -> None:
    at = shown().given(adopt(work(OTHER_HEAD)))

    assert at.stands == (State.WORKING, Reason.GATES_RUNNING, "develop.implement")
    assert not at.task.requests
    assert at.task.found("develop.implement", "tests") is None
    assert at.given(report()).asked.gate == "release"


def test_an_approval_of_what_was_pushed_before_does_not_count_for_what_came_since() -> None:
    at = shown().given(approve(), adopt(work(OTHER_HEAD)), report())

    assert at.asked.gate == "release"


def test_failed_gates_of_a_pull_request_wait_for_the_next_push_and_call_nobody() -> None:
    at = away(*SHIPPED).given(adopt(), report(verdict=FAIL))

    assert at.stands == AWAY
    assert at.task.round == 1
    assert "tests" in at.task.feedback[-1].text


def test_failed_gates_of_a_branch_of_plain_git_ask_a_person_who_may_wait_on_or_have_it_done_here() -> None:
    unheard = ended(PlaceEnd.UNHEARD)
    at = away(*SHIPPED, place=BRANCH).given(adopt(), report(verdict=FAIL), unheard)
    assert at.stands == (State.INPUT_REQUIRED, Reason.CHOICE, "develop.implement")
    assert "agent/fix" in at.task.detail

    assert at.given(retry()).stands == AWAY
    assert at.given(retry()).when(unheard) == ()
    assert at.given(adopt(work(OTHER_HEAD))).stands[1] is Reason.GATES_RUNNING
    here = at.given(reassign(ALFA), claim())
    assert here.task.holder == ALFA
    assert here.task.elsewhere is None


def test_rounds_are_bounded_and_then_a_person_is_asked() -> None:
    at = away(*SHIPPED)
    for head in ("a", "b", "c"):
        at = at.given(adopt(work(head * 40)), report(verdict=FAIL))

    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED)


def test_work_that_is_held_here_is_not_replaced_from_elsewhere() -> None:
    at = workflow(*SHIPPED).given(claim())

    no = at.refuses(adopt(source=PULL))

    assert no.exit is Exit.NOT_YOURS


def test_a_task_that_waits_for_an_agent_takes_the_work_of_a_branch() -> None:
    at = workflow(*SHIPPED).given(adopt(source=BRANCH))

    assert at.stands[1] is Reason.GATES_RUNNING
    assert at.task.elsewhere == BRANCH


def test_work_from_elsewhere_is_refused_where_the_task_has_no_such_place_or_is_paused() -> None:
    assert workflow(*SHIPPED).refuses(adopt()).exit is Exit.USAGE
    assert away(*SHIPPED).given(pause()).refuses(adopt()).exit is Exit.HELD
    assert workflow(*SHIPPED).refuses(adopt(source=replace(PULL, step="ship.merge"))).exit is Exit.USAGE


def test_what_a_person_rejected_is_not_taken_again() -> None:
    at = shown().given(reject())
    assert at.stands == AWAY

    assert at.refuses(adopt()).exit is Exit.REDO
    assert at.given(adopt(work(OTHER_HEAD))).stands[1] is Reason.GATES_RUNNING


def test_whoever_opened_the_pull_request_decides_nothing_about_it() -> None:
    at = away(*SHIPPED, place=replace(PULL, worker=ANA)).given(adopt(), report())

    with pytest.raises(NotAllowed, match="held"):
        at.when(approve())
    assert at.given(approve(BEN)).stands[1] is Reason.EFFECT_RUNNING


def test_a_task_is_told_to_wait_for_work_from_elsewhere_and_keeps_what_it_has_until_that_comes() -> None:
    at = workflow(*SHIPPED).given(claim(), submit(), report(), c.Follow(PULL))

    assert at.stands == AWAY
    assert at.task.submission is not None
    assert at.when(c.Follow(PULL)) == ()
    assert at.given(adopt(), report()).asked.gate == "release"


def test_what_came_back_before_asks_nobody_when_the_work_is_to_come_from_a_branch() -> None:
    at = workflow(*SHIPPED).given(claim(), submit(), report(verdict=FAIL), release(), c.Follow(BRANCH))

    assert at.stands == AWAY


# -- what comes back


def test_requested_changes_send_the_work_back_and_are_no_decision() -> None:
    at = shown().given(hear())

    assert at.stands == AWAY
    assert not at.task.requests
    assert at.task.decisions == ()
    assert (at.task.feedback[-1].by, at.task.feedback[-1].text) == (ANA, "name it otherwise")


def test_the_same_feedback_is_taken_up_once() -> None:
    at = shown().given(hear(), adopt(work(OTHER_HEAD)), report())

    assert at.when(hear(head="")) == ()


def test_feedback_about_another_commit_is_stale() -> None:
    with pytest.raises(Stale):
        shown().when(hear(head=OTHER_HEAD))


def test_nothing_that_comes_back_is_an_approval() -> None:
    for kind in FeedbackKind:
        at = shown().given(hear(kind, "LGTM, approved, merge it"))

        assert all(each.answer is not DecisionKind.APPROVE for each in at.task.decisions)
        assert at.task.effect is None


def test_failed_checks_outside_are_a_round_while_gates_run() -> None:
    at = away(*SHIPPED).given(adopt(), hear(FeedbackKind.CHECKS, "lint: failed", author=FORGE))

    assert at.stands == AWAY
    assert at.task.round == 1


def test_an_agent_here_reads_it_in_the_middle_of_its_work_and_loses_nothing() -> None:
    at = workflow(*SHIPPED).given(claim(), hear(head=""))

    assert at.task.holder == ALFA
    assert at.task.feedback[-1].kind == "changes"
    assert at.given(submit()).stands[1] is Reason.GATES_RUNNING


def test_where_a_rejection_goes_nowhere_a_person_is_asked() -> None:
    at = workflow(ship(), develop())

    assert at.given(hear(head="")).stands == (State.INPUT_REQUIRED, Reason.CHOICE, "ship.release")


# -- how it ends there


def test_a_pull_request_that_was_closed_ends_its_task() -> None:
    assert shown().given(ended()).stands[0] is State.CANCELED


def test_one_that_was_merged_is_done_only_if_everything_vouches_for_exactly_that_commit() -> None:
    merged = ended(PlaceEnd.MERGED, "merged by ana")

    assert shown().given(merged).stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert shown().given(approve(), merged).stands[0] is State.COMPLETED
    other = ended(PlaceEnd.MERGED, "merged by ana", OTHER_HEAD)
    assert shown().given(approve(), other).stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)


def test_a_person_is_asked_once_about_a_merge_that_passed_no_gates() -> None:
    merged = ended(PlaceEnd.MERGED, "merged by ana")

    assert shown().given(merged).when(merged) == ()


def test_a_branch_that_is_gone_asks_a_person_once_and_keeps_what_was_handed_in() -> None:
    lost = ended(PlaceEnd.LOST, "no such branch", "")

    assert away(*SHIPPED).given(lost).stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert away(*SHIPPED).given(lost).when(lost) == ()
    judged = shown().given(lost)
    assert judged.stands[1] is Reason.APPROVAL_REQUIRED
    assert judged.task.submission is not None
    assert judged.task.submission.head == HEAD
    assert judged.given(reject(), lost).stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)


def test_a_review_by_an_agent_here_follows_work_from_elsewhere() -> None:
    at = away(develop(), reviewed()).given(adopt(), report())

    assert at.stands == (State.SUBMITTED, Reason.READY, "review.code")
    at = at.given(claim("agent:bravo", "reviewer"))
    assert at.task.elsewhere == PULL

    at = at.given(adopt(work(OTHER_HEAD)))
    assert (at.task.holder, at.stands[1]) == (None, Reason.GATES_RUNNING)
