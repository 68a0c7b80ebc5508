"""Before an agent starts, the gates are looked at on what it would begin with; a red base is a person's to decide."""

from __future__ import annotations

import pytest

from onloop.errors import Exit
from onloop.machine.definition import CommandGate, FileGate, Skip
from onloop.machine.events import BaseAccepted, BaseGatesRequested, StepSkipped
from onloop.machine.state import Reason, State
from onloop.records import replace
from support.looking_first import checked, no_worse, on_base
from support.scenario import (
    ANA,
    BASE,
    ERROR,
    FAIL,
    OTHER_BASE,
    Scenario,
    approve,
    claim,
    pause,
    reassign,
    reject,
    report,
    resume,
    retry,
    submit,
)
from support.steps import develop, gate, merge, notes, ship, version

WAITS = (State.SUBMITTED, Reason.DEPENDENCY, "develop.implement")
READY = (State.SUBMITTED, Reason.READY, "develop.implement")
RED = (State.INPUT_REQUIRED, Reason.GATE_FAILED, "develop.implement")
FIXED = replace(version(), fails_on_base=True)


def skipping(*more: CommandGate | FileGate) -> Scenario:
    """A step that owes a change, and needs no agent where its gates pass already."""
    return checked(develop(gate(), FIXED, *more, skip=Skip.WHEN_MET), ship(), merge())


def test_no_agent_can_claim_a_task_while_its_base_is_looked_at() -> None:
    at = checked(develop())

    assert at.stands == WAITS
    assert at.task.wanted is None
    assert at.refuses(claim()).exit is Exit.NOTHING


def test_a_green_base_lets_an_agent_start() -> None:
    at = checked(develop()).given(on_base())

    assert at.stands == READY
    assert at.task.wanted == "implementer"


def test_a_red_base_is_a_persons_choice_before_any_agent_starts() -> None:
    at = checked(develop()).given(on_base(verdict=FAIL))

    assert at.stands == RED
    assert at.task.detail == f"red on the base {BASE[:12]}, before any agent: tests: tests says fail"
    assert at.task.tries == at.task.attempt == 0


def test_only_commands_that_should_pass_on_the_base_are_looked_at() -> None:
    failing = replace(gate("audit"), fails_on_base=True)

    at = checked(develop(gate(), failing, version(), notes()))

    assert at.task.base_checks["develop.implement"].awaited == ("tests",)
    assert checked(develop(failing, notes())).stands == READY


def test_a_score_is_of_the_work_alone_and_so_is_not_looked_at_on_the_base() -> None:
    score = replace(gate("score"), scores=True)

    assert checked(develop(gate(), score)).task.base_checks["develop.implement"].awaited == ("tests",)
    assert checked(develop(score)).stands == READY


def test_the_first_step_that_runs_commands_is_looked_at_though_another_comes_before_it() -> None:
    plan = replace(develop(notes()), id="plan.scope", role="planner")

    at = checked(plan, develop())

    assert at.stands == (State.SUBMITTED, Reason.DEPENDENCY, "plan.scope")
    assert at.given(on_base()).stands == (State.SUBMITTED, Reason.READY, "plan.scope")


def test_a_retry_looks_at_a_red_base_again() -> None:
    at = checked(develop()).given(on_base(verdict=FAIL), retry())

    assert at.stands == WAITS
    assert at.given(on_base(head=OTHER_BASE)).stands == READY


def test_an_answer_to_an_earlier_question_is_discarded() -> None:
    asked = checked(develop())
    late = on_base()(asked)

    assert asked.given(on_base(verdict=FAIL), retry()).refuses(late).exit is Exit.NOTHING


def test_a_person_can_go_on_no_worse_than_the_base() -> None:
    at = checked(develop()).given(on_base(verdict=FAIL), no_worse())

    assert at.stands == READY
    assert BaseAccepted("develop.implement", ANA, ("tests",)) in [event for event, _ in at.past]
    assert at.given(claim(), submit(), report()).task.state is State.COMPLETED


def test_what_gave_no_verdict_on_the_base_cannot_be_compared_with_it() -> None:
    at = checked(develop()).given(on_base(verdict=ERROR))

    assert at.refuses(no_worse()).message == "tests gave no verdict on the base, so nothing can be no worse"


def test_nothing_is_accepted_where_nothing_is_red() -> None:
    assert checked(develop()).given(on_base(), claim(), submit(), report(verdict=ERROR)).refuses(no_worse())


def test_a_red_base_cannot_be_passed_by_giving_the_task_to_somebody() -> None:
    assert checked(develop()).given(on_base(verdict=FAIL)).refuses(reassign()).exit is Exit.HELD


def test_a_pause_withdraws_the_question_and_a_resume_asks_it_again() -> None:
    paused = checked(develop()).given(pause())
    late = on_base()(checked(develop()))

    assert paused.refuses(late).exit is Exit.NOTHING
    assert paused.given(resume()).stands == WAITS


def test_a_rejection_of_a_red_base_looks_again_and_starts_no_agent() -> None:
    assert checked(develop()).given(on_base(verdict=FAIL), reject()).stands == WAITS


def test_once_work_is_handed_in_the_base_is_looked_at_no_more() -> None:
    at = checked(develop(), ship(on_reject="develop.implement")).given(on_base(), claim(), submit(), report())

    assert at.given(reject()).stands == READY


def test_a_step_whose_gates_pass_already_needs_no_agent_and_a_task_that_owes_nothing_else_is_done() -> None:
    at = skipping().given(on_base("tests"))
    events = at.when(on_base("version"))

    assert [type(event) for event in events][-2:] == [StepSkipped, type(events[-1])]
    assert at.given(on_base("version")).task.state is State.COMPLETED
    assert at.given(on_base("version")).task.detail.startswith("nothing to do")


def test_a_gate_that_is_known_to_fail_on_the_base_holds_nobody_up() -> None:
    assert skipping().given(on_base("tests"), on_base("version", FAIL)).stands == READY


def test_a_red_test_holds_a_step_that_could_be_skipped_too() -> None:
    assert skipping().given(on_base("tests", FAIL), on_base("version", FAIL)).stands == RED


def test_gates_that_passed_on_different_commits_skip_nothing() -> None:
    assert skipping().given(on_base("tests"), on_base("version", head=OTHER_BASE)).stands == READY


def test_a_later_step_is_skipped_on_the_work_so_far() -> None:
    polish = replace(develop(gate("lint"), skip=Skip.WHEN_MET), id="develop.polish", role="polisher")
    at = checked(develop(), polish, ship()).given(on_base(), claim(), submit(), report())

    assert at.stands == (State.SUBMITTED, Reason.DEPENDENCY, "develop.polish")
    assert at.given(on_base("lint")).stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert at.given(on_base("lint", FAIL)).stands == (State.SUBMITTED, Reason.READY, "develop.polish")


def test_a_step_that_is_entered_again_is_looked_at_again() -> None:
    polish = replace(develop(gate("lint"), skip=Skip.WHEN_MET), id="develop.polish", role="polisher")
    at = checked(develop(), polish, ship(on_reject="develop.polish"))
    met = at.given(on_base(), claim(), submit(), report(), on_base("lint"))

    assert met.given(reject()).stands == (State.SUBMITTED, Reason.DEPENDENCY, "develop.polish")


def test_where_the_base_is_not_checked_an_agent_starts_at_once() -> None:
    at = replace(checked(develop()), known=None, past=())

    assert not any(isinstance(event, BaseGatesRequested) for event in _created_unchecked(at))


def _created_unchecked(at: Scenario) -> tuple[object, ...]:
    from support.scenario import create

    return at.when(create())


@pytest.mark.parametrize("answer", [approve(), reject()])
def test_an_approval_after_a_skip_is_about_the_commit_that_was_looked_at(answer: object) -> None:
    polish = replace(develop(gate("lint"), skip=Skip.WHEN_MET), id="develop.polish", role="polisher")
    at = checked(develop(), polish, ship(on_reject="end")).given(
        on_base(), claim(), submit(), report(), on_base("lint")
    )

    assert at.given(answer).task.ended  # type: ignore[arg-type]
