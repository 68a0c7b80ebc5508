"""Requests are handed on among those who may decide them, and people decide in another's place for a time."""

from __future__ import annotations

from typing import Any

import pytest

from onloop.errors import Exit, NotAllowed
from onloop.machine import commands as c
from onloop.machine.events import HandedOn
from onloop.machine.people import Delegated
from onloop.machine.state import State
from onloop.machine.task import Handed
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    CLEO,
    DAN,
    NOON,
    OTHER_HEAD,
    Scenario,
    approve,
    ask,
    claim,
    hand_on,
    reject,
    reply,
    report,
    submit,
    take,
    voice,
    work,
    workflow,
)
from support.steps import HOUR, develop, human, merge, ship


def shipping(quorum: int = 1, gate_id: str = "release") -> Scenario:
    """A task that waits for the approval of approvers."""
    done = workflow(develop(), ship(human(gate_id, quorum=quorum), on_reject="develop.implement"), merge())
    return done.given(claim(), submit(), report())


def lent(by: str, to: str, **more: Any) -> Delegated:
    """What lets one decide in another's place."""
    return Delegated(f"{by} {to}", by, to, NOON + HOUR, "away", **more)


def test_a_request_is_handed_to_another_who_may_decide_and_both_still_may() -> None:
    at = shipping()

    events = at.when(hand_on(BEN))

    assert events == (HandedOn(at.asked.id, Handed(BEN, ANA, "you know this", NOON)),)
    handed = at.given(*events)
    assert handed.asked.handed == Handed(BEN, ANA, "you know this", NOON)
    assert handed.given(approve(BEN)).stands[0] is State.WORKING
    assert handed.given(approve(ANA)).stands[0] is State.WORKING
    assert handed.given(hand_on(ANA, BEN)).asked.handed == Handed(ANA, BEN, "you know this", NOON)


def test_a_decision_on_what_was_seen_before_it_was_handed_on_still_counts() -> None:
    at = shipping()
    seen = approve(BEN)(at)

    assert at.given(hand_on(BEN)).given(seen).stands[0] is State.WORKING


@pytest.mark.parametrize("to", [CLEO, DAN, "group:leads"])
def test_nobody_is_handed_what_they_may_not_decide_and_the_refusal_names_who_may(to: str) -> None:
    no = shipping().refuses(hand_on(to))

    assert no.exit is Exit.USAGE
    assert no.hint == "it is for approvers; who may: ana, ben"


def test_a_group_is_handed_a_request_that_one_of_it_may_decide() -> None:
    at = shipping().given(hand_on("group:approvers"))

    assert at.asked.handed is not None and at.asked.handed.to == "group:approvers"


@pytest.mark.parametrize("to", [ALFA, "implementer", "human:eve", "group:nobody"])
def test_a_request_goes_to_people_who_are_enrolled_and_to_nobody_else(to: str) -> None:
    assert shipping().refuses(hand_on(to)).exit is Exit.USAGE


def test_a_request_is_not_handed_to_somebody_who_spoke_already() -> None:
    at = shipping(quorum=2).given(approve(BEN))

    assert "who may: ana" in at.refuses(hand_on(BEN)).hint


def test_a_question_is_handed_on_and_anybody_enrolled_may_get_it() -> None:
    at = workflow(develop()).given(claim(), ask(), hand_on(DAN))

    assert at.asked.handed is not None and at.asked.handed.to == DAN
    assert at.given(reply(person=DAN)).stands[0] is State.SUBMITTED


def test_whoever_is_not_enrolled_hands_on_nothing() -> None:
    assert isinstance(shipping().refuses(hand_on(person="human:eve")), NotAllowed)
    assert isinstance(shipping().refuses(hand_on(person=ALFA)), NotAllowed)


# -- in another's place


def test_a_person_decides_in_anothers_place_and_the_decision_says_so() -> None:
    at = shipping().knowing(delegations=(lent(ANA, DAN),)).given(approve(DAN))

    assert at.stands[0] is State.WORKING
    assert at.task.decisions[-1].who == "human:dan for human:ana"


def test_who_may_decide_themselves_does_so_as_themselves() -> None:
    at = shipping().knowing(delegations=(lent(ANA, BEN),)).given(approve(BEN))

    assert at.task.decisions[-1].who == BEN


@pytest.mark.parametrize("more", [{"gate": "other"}, {"group": "leads"}])
def test_a_delegation_counts_only_where_it_says(more: dict[str, str]) -> None:
    at = shipping().knowing(delegations=(lent(ANA, DAN, **more),))

    assert isinstance(at.refuses(approve(DAN)), NotAllowed)


def test_a_delegation_in_the_name_of_a_group_counts_for_what_asks_that_group() -> None:
    at = shipping().knowing(delegations=(lent(ANA, DAN, group="approvers", gate="release"),))

    assert at.given(approve(DAN)).stands[0] is State.WORKING


def test_a_delegation_is_worth_no_more_than_its_maker_may_do_and_is_not_passed_on() -> None:
    through_cleo = shipping().knowing(delegations=(lent(ANA, CLEO), lent(CLEO, DAN)))

    assert isinstance(through_cleo.refuses(approve(DAN)), NotAllowed)


def test_nobody_counts_twice_in_a_quorum_neither_as_themselves_nor_for_another() -> None:
    two = shipping(quorum=2).knowing(delegations=(lent(ANA, DAN), lent(ANA, CLEO)))
    once = two.given(approve(DAN))

    assert once.stands[0] is State.INPUT_REQUIRED
    assert once.refuses(approve(ANA)).message.startswith("human:ana already approved")
    assert once.refuses(approve(DAN)).message.startswith("human:dan already approved")
    assert once.refuses(approve(CLEO)).message.startswith("human:ana already approved")
    assert once.given(approve(BEN)).stands[0] is State.WORKING


def test_one_person_with_two_delegations_is_still_one_person() -> None:
    two = shipping(quorum=2).knowing(delegations=(lent(ANA, DAN), lent(BEN, DAN))).given(approve(DAN))

    assert two.refuses(approve(DAN)).message.startswith("human:dan already approved")
    assert two.stands[0] is State.INPUT_REQUIRED


def test_neither_the_author_nor_who_acts_for_the_author_approves() -> None:
    """Ana did the work: ben's right does not become hers, and hers becomes nobody's."""
    mine = workflow(develop(), ship(on_reject="develop.implement")).given(take(ANA), submit(), report())

    assert isinstance(mine.knowing(delegations=(lent(BEN, ANA),)).refuses(approve(ANA)), NotAllowed)
    assert isinstance(mine.knowing(delegations=(lent(ANA, DAN),)).refuses(approve(DAN)), NotAllowed)
    assert isinstance(mine.refuses(reject(ANA)), NotAllowed)
    assert mine.refuses(hand_on(ANA, BEN)).hint == "it is for approvers; who may: ben"


def test_handing_on_and_delegation_together_bring_nobody_into_a_quorum() -> None:
    """Dan and cleo may not decide: they lend each other what they do not have, and hand it on in a circle."""
    at = shipping().knowing(delegations=(lent(DAN, CLEO), lent(CLEO, DAN)))

    assert at.refuses(hand_on(DAN, CLEO)).exit is Exit.USAGE
    assert isinstance(at.refuses(approve(DAN)), NotAllowed) and isinstance(at.refuses(approve(CLEO)), NotAllowed)


def test_what_was_approved_for_somebody_who_left_goes_on_to_count_unless_that_was_voided() -> None:
    one = shipping(quorum=2).given(approve(ANA))
    left = one.without(ANA)

    assert left.given(approve(BEN)).stands[0] is State.INPUT_REQUIRED
    assert left.knowing(former={ANA: ("approvers",)}).given(approve(BEN)).stands[0] is State.WORKING


# -- a person's work


def test_a_person_takes_the_work_from_an_agent_and_hands_it_in_by_the_same_gates() -> None:
    at = workflow(develop(), ship()).given(claim(), take(BEN))

    assert (at.task.holder, at.task.epoch, at.task.owner) == (BEN, 2, BEN)
    assert at.refuses(submit(agent=ALFA, epoch=1)).exit is Exit.NOT_YOURS
    shown = at.given(submit(), report())
    assert shown.stands == (State.INPUT_REQUIRED, shown.task.reason, "ship.release")
    assert isinstance(shown.refuses(approve(BEN)), NotAllowed)
    assert shown.given(approve(ANA)).stands[0] is State.COMPLETED


def test_a_persons_approval_from_before_they_took_the_work_counts_no_more() -> None:
    approved = workflow(develop(human(quorum=2))).given(claim(), submit(), approve(ANA))
    before = approved.task.decisions
    taken = approved.given(reject(BEN), take(ANA))

    assert any(d.by == ANA for d in before)
    assert isinstance(taken.given(submit(work(OTHER_HEAD))).refuses(approve(ANA)), NotAllowed)


def test_a_persons_time_is_not_their_steps_and_what_they_leave_goes_back_to_its_role() -> None:
    at = workflow(develop()).given(take(BEN))

    assert [timer.kind for timer in at.timers] == []
    back = at.given(lambda s: c.Release(BEN, s.task.epoch, c.ReleaseCause.STOPPED))
    assert (back.task.wanted, back.task.tries, back.stands[0]) == ("implementer", 0, State.SUBMITTED)
    lapsed = at.knowing(lease_expires=NOON).given(lambda s: c.FireTimer(c.TimerKind.LEASE, str(s.task.epoch)))
    assert (lapsed.task.wanted, lapsed.task.tries) == ("implementer", 0)


def test_work_is_given_to_a_person_or_a_group_and_then_no_agent_claims_it() -> None:
    for to in (BEN, "group:leads"):
        given = workflow(develop()).given(c.Reassign(to, voice(), "needs a person"))

        assert given.task.wanted == to
        assert isinstance(given.refuses(claim()), NotAllowed)
        assert isinstance(given.refuses(c.Claim(ALFA, to)), NotAllowed)
        assert given.given(take(CLEO)).task.holder == CLEO


def test_nobody_takes_an_approval_or_a_review_as_work() -> None:
    assert shipping().refuses(take(BEN)).exit is Exit.HELD
    assert isinstance(workflow(develop()).refuses(take("human:eve")), NotAllowed)
