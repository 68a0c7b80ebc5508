"""Submit asks, a verifier answers: what a submission and a verdict lead to."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine.definition import Step
from onloop.machine.events import GateReported, GatesRequested, LeaseEnded, Moved, RoundStarted, Submitted
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Submission, Verdict
from support.scenario import (
    ALFA,
    BRAVO,
    ERROR,
    FAIL,
    NOON,
    NOTES,
    OTHER_BASE,
    OTHER_HEAD,
    PASS,
    TIMED_OUT,
    claim,
    last_move,
    reassign,
    reject,
    release,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import MINUTE, develop, full, gate, notes, ship, version

TWO = (gate("tests"), gate("lint"))
DONE = (State.COMPLETED, None)
TESTING = (State.WORKING, Reason.GATES_RUNNING)


def test_submit_asks_the_verifier_for_every_machine_gate() -> None:
    loop = workflow(develop(*TWO)).given(claim())

    assert loop.when(submit()) == (
        Submitted(work(), ALFA),
        GatesRequested(("tests", "lint")),
        Moved(State.WORKING, Reason.GATES_RUNNING, "verifying tests, lint"),
    )


def test_the_holder_keeps_the_lease_while_its_gates_run() -> None:
    assert workflow(develop()).given(claim(), submit()).task.holder == ALFA


def test_a_step_is_not_left_before_every_gate_has_answered() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests"))

    assert loop.stands == (*TESTING, "develop.implement")
    assert loop.task.awaited == ("lint",)
    assert last_move(loop.when(report("lint"))) == DONE


def test_a_step_whose_gates_all_pass_is_left_and_the_lease_ends() -> None:
    events = workflow(develop()).given(claim(), submit()).when(report())

    assert isinstance(events[0], GateReported)
    assert LeaseEnded(1, "step done", step="develop.implement") in events
    assert last_move(events) == DONE


def test_a_step_without_gates_is_left_at_submit() -> None:
    loop = workflow(Step("plan.scope", role="planner"), develop()).given(claim(role="planner"), submit())

    assert loop.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert loop.task.holder is None


def test_a_run_step_is_asked_of_the_verifier_without_an_agent() -> None:
    loop = workflow(develop(), full()).given(claim(), submit(), report())

    assert loop.stands == (*TESTING, "test.full")
    assert (loop.task.awaited, loop.task.holder) == (("run",), None)
    assert last_move(loop.when(report("run"))) == DONE


def test_a_superseded_epoch_never_submits() -> None:
    loop = workflow(develop()).given(claim(), release()).later(MINUTE).given(claim())

    no = loop.refuses(submit(agent=ALFA, epoch=1))

    assert isinstance(no, NotAllowed)
    assert no.message == "r1.1 is held by agent:alfa under epoch 2, and you are agent:alfa with epoch 1"


def test_another_agent_never_submits_even_with_the_right_epoch() -> None:
    assert isinstance(workflow(develop()).given(claim()).refuses(submit(agent=BRAVO)), NotAllowed)


def test_nobody_submits_what_nobody_holds() -> None:
    no = workflow(develop()).refuses(submit(agent=ALFA, epoch=0))

    assert "held by nobody" in no.message


def test_nobody_submits_while_a_person_decides() -> None:
    loop = workflow(develop(rounds=0)).given(claim(), submit(), report("tests", FAIL))

    assert loop.refuses(submit(agent=ALFA, epoch=1)).exit is Exit.HELD


@pytest.mark.parametrize("verdict", [FAIL, TIMED_OUT])
def test_a_failed_gate_goes_back_to_the_same_agent_as_a_round(verdict: Verdict) -> None:
    loop = workflow(develop()).given(claim(), submit())

    events = loop.when(report("tests", verdict, summary="2 of 7 fail"))

    back = Feedback("gate", "tests: 2 of 7 fail", "verifier:v", NOON)
    assert events[1:] == (RoundStarted(1, (back,)), Moved(State.WORKING, None, "tests: 2 of 7 fail"))
    after = loop.given(*events).task
    assert (after.holder, after.epoch, after.round, after.feedback) == (ALFA, 1, 1, (back,))


def test_failures_go_back_only_when_all_gates_have_answered_and_all_together() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests", FAIL))

    assert loop.stands[:2] == TESTING
    after = loop.given(report("lint", FAIL)).task
    assert [f.text for f in after.feedback] == ["tests: tests says fail", "lint: lint says fail"]
    assert after.round == 1


def test_a_person_is_asked_when_the_rounds_are_spent() -> None:
    loop = workflow(develop(rounds=1)).given(claim(), submit(), report("tests", FAIL))
    assert loop.stands[:2] == (State.WORKING, None)

    loop = loop.given(submit(work(OTHER_HEAD)), report("tests", FAIL, summary="3 of 7 fail"))

    assert loop.stands == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, "develop.implement")
    assert loop.asked.question == "tests: 3 of 7 fail"
    assert loop.task.holder is None


def test_submitting_the_same_commit_again_counts_as_a_round_and_asks_no_verifier() -> None:
    loop = workflow(develop(rounds=2)).given(claim(), submit(), report("tests", FAIL))

    events = loop.when(submit())

    assert isinstance(events[1], RoundStarted)
    assert not any(isinstance(event, GatesRequested) for event in events)
    assert loop.given(submit(), submit()).stands[1] is Reason.ROUNDS_EXHAUSTED


def test_submitting_the_same_commit_while_its_gates_run_changes_nothing() -> None:
    assert workflow(develop()).given(claim(), submit()).when(submit()) == ()


def test_other_artefacts_with_the_same_commit_are_verified_again() -> None:
    loop = workflow(develop(notes())).given(claim(), submit(), report("notes", FAIL))

    loop = loop.given(submit(work(artefacts=(NOTES,))))

    assert (loop.task.awaited, loop.stands[1]) == (("notes",), Reason.GATES_RUNNING)


def test_an_error_is_neither_pass_nor_fail_and_a_person_is_asked() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests", FAIL))

    loop = loop.given(report("lint", ERROR, summary="ruff: command not found"))

    assert loop.stands == (State.INPUT_REQUIRED, Reason.GATE_FAILED, "develop.implement")
    assert loop.asked.question == "lint: ruff: command not found"
    assert loop.task.round == 0


def test_after_an_error_a_new_owner_may_hand_in_the_same_commit_and_it_is_verified() -> None:
    loop = workflow(develop()).given(claim(), submit(), report("tests", ERROR), reassign(BRAVO), claim(BRAVO))

    assert loop.given(submit()).stands[1] is Reason.GATES_RUNNING


def test_a_newer_submission_supersedes_the_one_under_verification() -> None:
    loop = workflow(develop()).given(claim(), submit(), submit(work(OTHER_HEAD)))

    assert isinstance(loop.refuses(report("tests", PASS, work())), Stale)
    assert loop.given(report("tests", PASS)).stands[0] is State.COMPLETED


@pytest.mark.parametrize(
    "other",
    [work(OTHER_HEAD, tree=work().tree), work(base=OTHER_BASE), work(tree="C" * 40)],
    ids=["another head with the same tree", "another merge-base", "another tree"],
)
def test_evidence_about_something_else_is_stale(other: Submission) -> None:
    loop = workflow(develop()).given(claim(), submit())

    no = loop.refuses(report("tests", PASS, other))

    assert isinstance(no, Stale)
    assert no.message.endswith("not about aaaaaaaaaaaa")


def test_evidence_made_with_another_workflow_is_stale() -> None:
    loop = workflow(develop()).given(claim(), submit())

    assert isinstance(loop.refuses(report(definition="e" * 64)), Stale)


def test_evidence_that_nobody_asked_for_is_refused() -> None:
    loop = workflow(develop()).given(claim(), submit())

    assert loop.refuses(report("coverage")).message == "r1.1 is not waiting for gate coverage"
    assert workflow(develop()).given(claim()).refuses(report()).exit is Exit.NOTHING


def test_evidence_for_a_gate_of_the_same_name_at_another_step_does_not_count() -> None:
    loop = workflow(develop(), full(gates=(gate("tests"),))).given(claim(), submit(), report("tests"))
    assert loop.task.awaited == ("run", "tests")

    assert loop.refuses(report("tests", step="develop.implement")).exit is Exit.NOTHING
    assert loop.given(report("tests", step="test.full")).task.awaited == ("run",)


def test_evidence_counts_once() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests", FAIL))

    assert loop.refuses(report("tests", PASS)).exit is Exit.NOTHING


def test_another_merge_base_makes_all_evidence_stale_and_every_gate_is_asked_again() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests"), report("lint", FAIL))

    loop = loop.given(submit(work(base=OTHER_BASE)))

    assert loop.task.awaited == ("tests", "lint")
    assert not loop.task.passed("develop.implement", "tests")


def test_passing_gates_of_an_older_commit_do_not_let_a_newer_one_through() -> None:
    loop = workflow(develop(*TWO)).given(claim(), submit(), report("tests"), report("lint", FAIL))

    loop = loop.given(submit(work(OTHER_HEAD)), report("lint"))

    assert loop.stands[:2] == TESTING
    assert loop.task.awaited == ("tests",)


def test_a_failing_run_step_returns_to_on_fail_with_the_evidence() -> None:
    loop = workflow(develop(), full(on_fail="develop.implement")).given(claim(), submit(), report())

    loop = loop.given(report("run", FAIL, summary="1 of 40 fails"))

    assert loop.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert loop.task.visits == {"develop.implement": 2, "test.full": 1}
    assert [f.text for f in loop.task.feedback] == ["run: 1 of 40 fails"]


def test_a_failing_run_step_without_on_fail_asks_a_person() -> None:
    loop = workflow(develop(), full()).given(claim(), submit(), report(), report("run", FAIL))

    assert loop.stands == (State.INPUT_REQUIRED, Reason.GATE_FAILED, "test.full")


def test_a_gate_failure_after_the_lease_ended_makes_the_task_ready_for_anyone() -> None:
    loop = workflow(develop()).given(claim(), submit(), release())

    loop = loop.given(report("tests", FAIL))

    assert loop.stands[:2] == (State.SUBMITTED, Reason.READY)
    assert (loop.task.round, loop.task.tries) == (1, 0)


def test_evidence_of_an_earlier_visit_does_not_count_on_the_next_one() -> None:
    loop = workflow(develop(), full(on_fail="develop.implement"))
    loop = loop.given(claim(), submit(), report(), report("run", FAIL), claim())

    loop = loop.given(submit())

    assert loop.task.awaited == ("tests",)


def test_a_commit_that_a_person_rejected_is_not_put_before_a_person_again() -> None:
    loop = workflow(develop(), ship(on_reject="develop.implement"))
    loop = loop.given(claim(), submit(), report(), reject(reason="a debug print"), claim())

    no = loop.refuses(submit())

    assert (no.exit, no.message) == (Exit.REDO, "aaaaaaaaaaaa was rejected by human:ana: a debug print")
    assert loop.given(submit(work(OTHER_HEAD))).stands[1] is Reason.GATES_RUNNING


def test_loops_are_bounded_by_max_visits_and_then_a_person_is_asked() -> None:
    loop = workflow(develop(max_visits=2), full(on_fail="develop.implement"))
    turn = (claim(), submit(), report(), report("run", FAIL))

    assert loop.given(*turn).stands[:2] == (State.SUBMITTED, Reason.READY)
    loop = loop.given(*turn, *turn)

    assert loop.stands == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, "develop.implement")
    assert loop.asked.question == "develop.implement was entered 3 times; max_visits is 2"
    assert loop.given(retry()).stands[:2] == (State.SUBMITTED, Reason.READY)


def test_file_and_artefact_gates_are_asked_of_the_verifier_too() -> None:
    loop = workflow(develop(notes(), version())).given(claim(), submit())

    assert loop.task.awaited == ("notes", "version")
