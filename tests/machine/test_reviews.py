"""Judgement by agents who had no part in the work: labelled as such, and never a merge's only gate."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed
from onloop.machine.digest import shown_digest
from onloop.machine.rules.independence import same_agent
from onloop.machine.state import Reason, State
from support.scenario import ALFA, BRAVO, OTHER_HEAD, claim, judge, report, retry, submit, under_review, work, workflow
from support.steps import develop, merge, reviewed, ship


def test_a_pass_goes_on_and_is_kept_as_a_judgement_and_not_as_evidence() -> None:
    at = under_review(following=(ship(),)).given(judge(reason="sound"))

    assert at.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert [(j.by, j.passes, j.reason) for j in at.task.judgements] == [(BRAVO, True, "sound")]
    assert "review.code:verdict" not in at.task.evidence


def test_a_fail_sends_the_work_back_with_its_reasons() -> None:
    at = under_review().given(judge("fail", "it forgets the empty list"))

    assert at.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert [(f.kind, f.text, f.by) for f in at.task.feedback] == [("review", "it forgets the empty list", BRAVO)]


def test_a_review_without_a_reason_is_none() -> None:
    assert under_review().refuses(judge("pass", "  ")).exit is Exit.USAGE


@pytest.mark.parametrize("agent", [ALFA, "agent:alfa-2", "agent:Alfa", "agent:alfa.review"])
def test_whoever_did_the_work_reviews_it_under_no_name_like_theirs(agent: str) -> None:
    at = workflow(develop(), reviewed()).given(claim(), submit(), report())

    with pytest.raises(NotAllowed, match=r"not_by develop\.implement"):
        at.when(claim(agent, "reviewer"))


def test_a_reviewer_whose_address_is_in_the_commits_is_refused() -> None:
    at = under_review(authors=("Bravo@agents.onloop.invalid",))

    with pytest.raises(NotAllowed, match="wrote commits"):
        at.when(judge(email="bravo@agents.onloop.invalid"))


def test_other_agents_of_one_kind_are_different_agents() -> None:
    assert not same_agent("agent:crew-1", "agent:crew-2")
    assert not same_agent("agent:alfa", "agent:alfalfa")


def test_a_reviewer_hands_in_no_work_of_its_own() -> None:
    assert "change nothing" in under_review().refuses(submit(work(OTHER_HEAD))).message


def test_a_reviewer_that_says_nothing_has_not_done_the_step() -> None:
    assert under_review().refuses(submit()).exit is Exit.REDO


def test_one_agent_is_not_two_reviewers() -> None:
    at = under_review(quorum=2).given(judge())

    with pytest.raises(NotAllowed, match="already reviewed"):
        at.when(claim(BRAVO, "reviewer"))


def test_reviewers_who_disagree_are_a_question_for_a_person_and_a_retry_hears_new_ones() -> None:
    at = under_review(quorum=2).given(judge(), claim("agent:carla", "reviewer"), judge("fail", "no"))
    assert at.stands[:2] == (State.INPUT_REQUIRED, Reason.CHOICE)
    assert BRAVO in at.asked.question and "agent:carla" in at.asked.question

    again = at.given(retry(), claim("agent:dora", "reviewer"), judge(), claim("agent:eve", "reviewer"), judge())

    assert again.stands[0] is State.COMPLETED


def test_a_judgement_is_part_of_what_a_person_is_shown() -> None:
    one, other = (under_review(following=(ship(),)).given(judge(reason=words)) for words in ("sound", "lucky"))

    assert shown_digest(one.task, one.asked) != shown_digest(other.task, other.asked)


def test_nothing_is_merged_that_a_review_before_it_does_not_cover() -> None:
    at = under_review(following=(merge(),))

    assert at.given(judge()).stands[:2] == (State.WORKING, Reason.EFFECT_RUNNING)
    assert at.given(judge("fail", "no")).stands[0] is State.SUBMITTED
