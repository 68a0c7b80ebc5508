"""What changes the world outside, once, and what a fleet is computed from."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, Stale
from onloop.machine.commands import FailEffect, FinishEffect, Retry, Settle, StartEffect
from onloop.machine.definition import Effect, Step
from onloop.machine.events import EffectDone, EffectProblem, EffectRequested, EffectStarted, EffectVoided
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Outbox
from support.scenario import (
    ANA,
    BASE,
    BEN,
    BRAVO,
    FAIL,
    NOTES,
    OTHER_BASE,
    OTHER_HEAD,
    Play,
    Scenario,
    approve,
    cancel,
    claim,
    create,
    finished,
    fleet,
    funnelled,
    funnelling,
    judge,
    last_move,
    reject,
    report,
    retry,
    started,
    submit,
    under_review,
    voice,
    voided,
    work,
    workflow,
)
from support.steps import defined, develop, full, gate, human, merge, notes, ship

BACK = "develop.implement"
MERGING = (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")
EFFECT = "r1.1/ship.merge/1"


def merging() -> Scenario:
    loop = workflow(develop(), ship(on_reject=BACK), merge())
    return loop.given(claim(), submit(), report(), approve())


def test_an_effect_is_asked_of_the_gateway_under_an_id_of_its_own() -> None:
    loop = workflow(develop(), merge()).given(claim(), submit())

    events = loop.when(report())

    assert EffectRequested(EFFECT, Effect.MERGE) in events
    after = loop.given(*events)
    assert after.stands == MERGING
    assert after.task.effect == Outbox(EFFECT, "merge")
    assert after.task.holder is None


def test_the_intent_is_recorded_before_the_act_and_the_result_after_it() -> None:
    loop = merging()

    assert loop.when(started(BASE, OTHER_HEAD)) == (EffectStarted(EFFECT, BASE, OTHER_HEAD),)
    loop = loop.given(started(BASE, OTHER_HEAD))
    assert loop.task.effect == Outbox(EFFECT, "merge", BASE, OTHER_HEAD)
    events = loop.when(finished(OTHER_HEAD))
    assert events[0] == EffectDone(EFFECT, OTHER_HEAD)
    assert last_move(events) == (State.COMPLETED, None)
    assert loop.given(*events).task.result == OTHER_HEAD


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (EffectProblem.CONFLICT, Reason.CONFLICT),
        (EffectProblem.CHANGED, Reason.CHANGED_SINCE_APPROVAL),
        (EffectProblem.GATE_FAILED, Reason.GATE_FAILED),
        (EffectProblem.ERROR, Reason.GATE_FAILED),
        (EffectProblem.UNCLONABLE, Reason.GATE_FAILED),
    ],
)
def test_an_effect_that_did_not_happen_asks_a_person(problem: EffectProblem, reason: Reason) -> None:
    loop = merging().given(FailEffect(EFFECT, problem, "main moved"))

    assert loop.stands == (State.INPUT_REQUIRED, reason, "ship.merge")
    assert loop.asked.question == "main moved"
    assert loop.task.effect is None


@pytest.mark.parametrize(
    "command",
    [
        StartEffect("r1.1/ship.merge/9", BASE, OTHER_HEAD),
        FinishEffect("r1.1/ship.merge/9", OTHER_HEAD),
        FailEffect("r1.1/ship.merge/9", EffectProblem.ERROR, "no"),
    ],
)
def test_an_effect_that_is_not_under_way_is_stale(command: StartEffect | FinishEffect | FailEffect) -> None:
    no = merging().refuses(command)

    assert isinstance(no, Stale)
    assert no.message == f"effect r1.1/ship.merge/9 of r1.1 is not running; the running one is {EFFECT}"
    assert isinstance(workflow(develop()).refuses(command), Stale)


def test_an_effect_is_done_once() -> None:
    loop = workflow(develop(), merge(), ship()).given(claim(), submit(), report(), started(), finished())

    assert isinstance(loop.refuses(FinishEffect(EFFECT, OTHER_HEAD)), Stale)


def test_a_retried_effect_has_a_new_id_and_the_old_one_is_stale() -> None:
    loop = merging().given(FailEffect(EFFECT, EffectProblem.CONFLICT, "no"), retry())

    assert loop.stands == MERGING
    assert loop.task.effect == Outbox("r1.1/ship.merge/2", "merge")
    assert isinstance(loop.refuses(FinishEffect(EFFECT, OTHER_HEAD)), Stale)


def test_a_held_effect_may_be_rejected_and_the_work_returns() -> None:
    loop = merging().given(FailEffect(EFFECT, EffectProblem.CONFLICT, "no"), reject())

    assert loop.stands == (State.SUBMITTED, Reason.READY, BACK)


def test_gates_before_the_last_agents_step_judged_earlier_work_and_do_not_hold_the_effect() -> None:
    """What is merged is vouched for from the last agent's step on; the effect runs earlier commands again itself."""
    polish = Step("polish.words", role="writer", gates=(gate("spelling"),))
    loop = workflow(develop(gate("tests"), human("plan")), polish, merge())
    loop = loop.given(claim(), submit(), report(), approve(), claim(BRAVO, "writer"), submit(work(OTHER_HEAD)))

    after = loop.given(report("spelling"))

    assert after.stands == (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")


def test_an_effect_does_not_start_again_when_its_approver_was_struck_off() -> None:
    loop = merging().given(FailEffect(EFFECT, EffectProblem.CHANGED, "no")).without(ANA)

    loop = loop.given(Retry(voice(BEN), "again"))

    assert loop.stands[:2] == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL)
    assert loop.task.effect is None


def test_an_artefact_that_was_handed_over_at_an_earlier_step_does_not_age_with_the_commit() -> None:
    plan = Step("plan.breakdown", role="planner", gates=(notes(),))
    loop = workflow(plan, develop(), merge()).given(claim(role="planner"), submit(work(artefacts=(NOTES,))))

    loop = loop.given(report("notes"), claim(), submit(work(OTHER_HEAD)), report())

    assert loop.stands == MERGING


def test_evidence_of_a_run_step_is_needed_on_the_commit_that_is_merged() -> None:
    loop = workflow(develop(), full(on_fail=BACK), merge()).given(claim(), submit(), report())

    loop = loop.given(report("run", FAIL), claim(), submit(work(OTHER_HEAD)), report())
    assert loop.stands[2] == "test.full"

    assert loop.given(report("run")).stands == MERGING


def test_a_merge_of_what_was_not_shown_is_asked_again_gates_first_and_people_on_the_true_diff() -> None:
    loop = merging()

    events = loop.when(voided())
    after = loop.given(*events)

    assert events[0] == EffectVoided(EFFECT, work(base=OTHER_BASE), "main no longer contains it")
    assert after.stands == (State.WORKING, Reason.GATES_RUNNING, BACK)
    assert after.task.holder is None
    assert after.task.effect is None
    again = after.given(report())
    assert again.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert again.asked.question.endswith("Asked again (changed_since_approval): main no longer contains it.")
    assert "changed_since_approval" in again.task.detail
    assert again.given(approve()).task.effect == Outbox("r1.1/ship.merge/2", "merge")


def test_the_decision_on_what_was_shown_first_does_not_carry_over() -> None:
    asked = workflow(develop(), ship(on_reject=BACK), merge()).given(claim(), submit(), report())
    old = approve()(asked)
    loop = asked.given(old, voided(), report())

    assert isinstance(loop.refuses(old), Stale)


def test_the_gates_of_the_work_count_only_on_the_new_base() -> None:
    loop = merging().given(voided())

    assert isinstance(loop.refuses(report(what=work())), Stale)


def test_a_gate_that_fails_on_the_new_base_gives_the_work_to_an_agent_as_a_round() -> None:
    loop = merging().given(voided(), report(verdict=FAIL))

    assert loop.stands == (State.SUBMITTED, Reason.READY, BACK)
    assert loop.given(claim(BRAVO)).task.holder == BRAVO


def test_a_reviewing_agent_judges_the_new_diff_and_no_implementer_is_asked() -> None:
    loop = under_review(following=(ship(), merge())).given(judge(), approve(), voided())

    assert loop.stands == (State.SUBMITTED, Reason.READY, "review.code")
    after = loop.given(claim("agent:charlie", "reviewer"), judge())
    assert after.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")


def test_a_workflow_without_people_merges_after_its_gates_have_looked_again() -> None:
    loop = workflow(develop(), merge()).given(claim(), submit(), report(), voided())

    assert loop.given(report()).stands == MERGING


def test_what_the_children_did_is_not_done_again() -> None:
    loop = funnelling(ship(), merge(), gates=(gate(),)).given(funnelled(), report(), approve(), voided())

    assert loop.stands == (State.WORKING, Reason.GATES_RUNNING, "develop.parts")
    assert loop.given(report()).stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")


def test_a_target_that_keeps_changing_ends_before_a_person_who_is_told_why() -> None:
    loop = merging().given(voided(), report(), approve(), voided(work()), report(), approve())

    held = loop.given(voided())

    assert held.stands == (State.INPUT_REQUIRED, Reason.CHANGED_SINCE_APPROVAL, BACK)
    assert held.asked.question == "main no longer contains it; develop.implement was entered 4 times already"


def test_what_an_agent_hands_in_afterwards_is_asked_for_without_a_word_of_the_old_work() -> None:
    loop = merging().given(voided(), report(), reject(), claim(), submit(work(OTHER_HEAD)), report())

    assert loop.asked.question == "May bbbbbbbbbbbb in billing pass ship.release?"


def test_a_push_that_a_freeze_came_too_late_for_is_recorded_and_nothing_follows_from_it() -> None:
    loop = workflow(develop(), merge(), ship()).given(claim(), submit(), report(), started()).knowing(frozen="all")

    after = loop.given(finished())

    assert after.task.result == OTHER_HEAD
    assert after.refuses(approve()).exit is Exit.HELD


@pytest.mark.parametrize("command", [started(), finished(), voided()])
def test_no_effect_begins_ends_or_is_voided_in_a_freeze_unless_its_intent_is_recorded(command: Play) -> None:
    assert merging().knowing(frozen="all").refuses(command).exit is Exit.HELD


@pytest.mark.parametrize("command", [started(), voided()])
def test_a_recorded_intent_is_not_renewed_in_a_freeze(command: Play) -> None:
    assert merging().given(started()).knowing(frozen="all").refuses(command).exit is Exit.HELD


@pytest.mark.parametrize("live", [State.SUBMITTED, State.WORKING, State.INPUT_REQUIRED, State.PAUSED])
def test_a_fleet_with_a_live_child_does_not_settle(live: State) -> None:
    assert fleet(State.COMPLETED, live).when(Settle()) == ()


def test_a_fleet_with_a_live_child_cannot_be_canceled_over_its_head() -> None:
    assert fleet(State.COMPLETED, State.WORKING).refuses(cancel()).exit is Exit.NOT_YET
    assert fleet().given(cancel()).stands[0] is State.CANCELED


def test_a_fleet_without_children_does_not_settle() -> None:
    assert fleet().when(Settle()) == ()


@pytest.mark.parametrize(
    ("children", "state", "words"),
    [
        ((State.COMPLETED, State.COMPLETED), State.COMPLETED, "2 completed"),
        ((State.COMPLETED, State.CANCELED), State.COMPLETED, "1 completed, 1 canceled"),
        ((State.COMPLETED, State.FAILED), State.FAILED, "1 completed, 1 failed"),
        ((State.CANCELED, State.REJECTED), State.REJECTED, "1 canceled, 1 rejected"),
        ((State.CANCELED,), State.CANCELED, "1 canceled"),
    ],
)
def test_a_fleet_ends_as_its_children_did(children: tuple[State, ...], state: State, words: str) -> None:
    loop = fleet(*children).given(Settle())

    assert (loop.stands[:2], loop.task.detail) == ((state, None), words)


def test_a_fleet_works_from_the_start_and_stands_at_no_step() -> None:
    loop = Scenario(defined(develop())).given(create(Kind.FLEET))

    assert loop.stands == (State.WORKING, Reason.CHILDREN_RUNNING, None)
    assert loop.timers == ()


def test_a_task_without_children_does_not_settle() -> None:
    assert workflow(develop()).refuses(Settle()).exit is Exit.NOTHING


def test_a_fleet_that_has_ended_does_not_settle_again() -> None:
    assert fleet(State.COMPLETED).given(Settle()).refuses(Settle()).exit is Exit.ENDED
    assert fleet(State.COMPLETED).given(cancel()).refuses(Settle()).exit is Exit.ENDED


def test_a_human_gate_before_an_effect_is_asked_first() -> None:
    loop = workflow(develop(human()), merge()).given(claim(), submit())

    assert loop.task.effect is None
    assert loop.given(approve()).stands == MERGING
