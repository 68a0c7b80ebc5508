"""A person can mend the workflow of a live run, and where its work is done; nothing that was done is lost by it."""

from __future__ import annotations

import pytest

from onloop.errors import Exit
from onloop.machine.definition import Effect, Step
from onloop.machine.state import Reason, State
from onloop.records import replace
from support.looking_first import NEW_PIN, amend, amending, checked, on_base, pinned, retarget
from support.scenario import (
    ANA,
    BEN,
    ERROR,
    FAIL,
    HEAD,
    Scenario,
    approve,
    claim,
    pause,
    report,
    retry,
    submit,
    workflow,
)
from support.steps import develop, full, gate, human, merge, ship

LINTED = (develop(gate("lint")), ship(), merge())
RELEASED = (develop(), ship(human(quorum=2)), merge())


def waiting_for_people(*steps: Step) -> Scenario:
    """Work that passed, and waits for people."""
    return workflow(*steps).given(claim(), submit(), report())


def test_a_red_base_is_looked_at_again_under_the_new_workflow() -> None:
    at = amending(checked(develop(), ship(), merge()).given(on_base(verdict=ERROR)), *LINTED).given(amend())

    assert at.stands == (State.SUBMITTED, Reason.DEPENDENCY, "develop.implement")
    assert at.task.definition == NEW_PIN
    assert at.given(on_base("lint")).stands == (State.SUBMITTED, Reason.READY, "develop.implement")


def test_work_that_was_handed_in_is_judged_by_the_new_gates_and_not_lost() -> None:
    held = workflow(develop(), ship(), merge()).given(claim(), submit(), report(verdict=ERROR))
    at = amending(held, *LINTED).given(amend())

    assert at.task.awaited == ("lint",)
    assert at.task.submission is not None and at.task.submission.head == HEAD
    assert at.given(report("lint")).stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")


def test_an_agent_at_work_keeps_its_lease() -> None:
    at = amending(workflow(develop(), ship(), merge()).given(claim()), *LINTED).given(amend())

    assert at.task.holder == "agent:alfa"
    assert at.given(submit()).task.awaited == ("lint",)


def test_an_approval_under_the_old_workflow_is_void() -> None:
    one_of_two = waiting_for_people(*RELEASED).given(approve(ANA))
    again = amending(one_of_two, *RELEASED).given(amend(), report())

    assert again.given(approve(BEN)).stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert one_of_two.given(approve(BEN)).task.reason is Reason.EFFECT_RUNNING


def test_every_later_approval_says_that_the_workflow_was_amended_and_by_whom() -> None:
    at = amending(waiting_for_people(*RELEASED), *RELEASED).given(amend(), report())

    assert "The workflow was amended by human:ana: the gate was wrong." in at.asked.question


def test_who_amended_does_not_count_where_the_gate_says_so() -> None:
    strict = (develop(), ship(human(not_by_amender=True)), merge())
    at = amending(waiting_for_people(develop(), ship(), merge()), *strict).given(amend(ANA), report())

    assert "amended the workflow" in at.refuses(approve(ANA)).message
    assert at.given(approve(BEN)).task.reason is Reason.EFFECT_RUNNING


def test_nobody_amends_that_rule_away() -> None:
    strict = (develop(), ship(human(not_by_amender=True)), merge())
    lax = (develop(), ship(), merge())
    at = amending(waiting_for_people(*strict), *lax).given(amend(ANA), report())
    again = at.knowing(amended=pinned(*lax, digest="f" * 64)).given(amend(ANA, "f" * 64), report())

    assert "amended the workflow" in at.refuses(approve(ANA)).message
    assert "amended the workflow" in again.refuses(approve(ANA)).message


def test_an_amendment_must_keep_the_step_where_the_task_stands_and_who_does_it() -> None:
    at = workflow(develop())

    assert "does not have" in amending(at, full()).refuses(amend()).message
    assert "another way" in amending(at, replace(develop(), role=None, effect=Effect.MERGE)).refuses(amend()).message


def test_the_same_workflow_amends_nothing() -> None:
    at = workflow(develop())

    assert at.knowing(amended=at.definition).refuses(amend(digest="d" * 64)).exit is Exit.NOTHING


def test_a_paused_task_goes_on_under_the_new_workflow_when_it_is_resumed() -> None:
    assert amending(workflow(develop()).given(pause()), *LINTED).given(amend()).task.state is State.PAUSED


def test_a_retry_after_an_amendment_still_asks_the_new_gates() -> None:
    held = amending(workflow(develop()).given(claim(), submit(), report(verdict=ERROR)), *LINTED)

    assert held.given(amend(), report("lint", ERROR), retry()).task.awaited == ("lint",)


@pytest.mark.parametrize("held", [(), (claim(),)])
def test_a_task_without_work_can_be_put_right(held: tuple[object, ...]) -> None:
    at = workflow(develop()).given(*held, retarget())  # type: ignore[arg-type]

    assert (at.task.target, at.task.holder, at.task.state) == ("trunk", None, State.SUBMITTED)


def test_a_base_is_looked_at_where_the_work_is_done_now() -> None:
    at = checked(develop()).given(on_base(verdict=FAIL), retarget())

    assert at.stands == (State.SUBMITTED, Reason.DEPENDENCY, "develop.implement")


def test_work_that_was_handed_in_is_not_carried_elsewhere() -> None:
    assert workflow(develop()).given(claim(), submit()).refuses(retarget()).exit is Exit.HELD
