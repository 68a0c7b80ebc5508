"""What a person is shown of gates: STALE and MISSING for what is owed now, calm words for what is merely not due."""

from __future__ import annotations

from onloop.machine.definition import ArtefactGate, Step
from onloop.records import replace
from onloop.views.dossier import gate_lines
from onloop.views.gate_standing import CALM, GateStatus
from onloop.views.gate_standing import GateStatus as G
from support.scenario import (
    BRAVO,
    FAIL,
    HEAD,
    OTHER_HEAD,
    Scenario,
    approve,
    ask,
    cancel,
    claim,
    judge,
    reject,
    report,
    submit,
    work,
    workflow,
)
from support.steps import develop, human, merge, reviewed, ship

PLAN = Step("plan.breakdown", role="planner", gates=(ArtefactGate("criteria", "criteria.md", min_bytes=1),))
SIGNED = Step("plan.approve", gates=(human("plan"),))


def stands(at: Scenario) -> dict[str, GateStatus]:
    return {line.gate: line.mark for line in gate_lines(at.definition, at.task)}


def words(at: Scenario, gate: str) -> str:
    return next(line.summary for line in gate_lines(at.definition, at.task) if line.gate == gate)


def planned() -> Scenario:
    """A plan that a person signed, then work on another commit, which now waits for its release."""
    at = workflow(PLAN, SIGNED, develop(), ship(), merge()).given(claim(role="planner"), submit(), report("criteria"))
    return at.given(approve(gate_id="plan"))


def released(at: Scenario) -> Scenario:
    return at.given(claim(BRAVO), submit(work(OTHER_HEAD)), report())


def test_before_anything_is_submitted_and_while_a_question_is_open_nothing_is_missing() -> None:
    begun = workflow(develop(), ship(), merge())

    for at in (begun, begun.given(claim()), begun.given(claim(), ask())):
        assert stands(at) == {"tests": G.NOT_YET, "release": G.LATER}


def test_what_a_plan_was_judged_by_stays_true_of_the_plan_when_the_work_moves_on() -> None:
    at = planned()
    assert stands(at) == {"criteria": G.PASSED, "plan": G.PASSED, "tests": G.NOT_YET, "release": G.LATER}

    at = released(at)
    assert stands(at) == {"criteria": G.EARLIER, "plan": G.EARLIER, "tests": G.PASSED, "release": G.WAITING}
    assert words(at, "criteria") == f"pass about {HEAD[:12]}"
    assert words(at, "plan") == f"approved by human:ana about {HEAD[:12]}"


def test_what_a_rejection_sent_back_will_be_asked_again() -> None:
    at = released(planned()).given(reject())

    assert stands(at)["release"] is G.AGAIN
    assert words(at, "release") == f"will be asked again; rejected by human:ana about {OTHER_HEAD[:12]}"
    assert G.STALE not in stands(at).values()


def test_an_older_judgement_is_not_shown_as_the_answer_of_a_new_review() -> None:
    at = workflow(develop(), reviewed(), ship(), merge())
    at = at.given(claim(), submit(), report(), claim(BRAVO, "reviewer"), judge("fail", "it leaks"))
    assert (at.task.step, stands(at)["verdict"]) == ("develop.implement", G.FAILED)

    at = at.given(claim(), submit(work(OTHER_HEAD)), report())
    assert (at.task.step, stands(at)["verdict"]) == ("review.code", G.AGAIN)
    assert words(at, "verdict") == f"will be asked again; agent-judged fail by {BRAVO} about {HEAD[:12]}"


def test_evidence_about_another_commit_than_the_one_that_is_approved_is_stale() -> None:
    style = Step("review.code", role="reviewer", gates=(ArtefactGate("review", "review.md"),))
    at = workflow(develop(), style, ship(), merge()).given(claim(), submit(), report(), claim(BRAVO, "reviewer"))

    same, other = at.given(submit(), report("review")), at.given(submit(work(OTHER_HEAD)), report("review"))
    assert stands(same) == {"tests": G.PASSED, "review": G.PASSED, "release": G.WAITING}
    assert stands(other) == {"tests": G.STALE, "review": G.PASSED, "release": G.WAITING}
    assert words(other, "tests") == f"pass about {HEAD[:12]}, which no longer counts"
    assert stands(other.given(reject()))["tests"] in CALM


def test_an_answer_that_an_approval_rests_on_and_that_was_never_given_is_missing() -> None:
    at = workflow(develop(), ship(), merge()).given(claim(), submit(), report())
    without = replace(at, known=replace(at.task, evidence={}))

    assert stands(at) == {"tests": G.PASSED, "release": G.WAITING}
    assert stands(without) == {"tests": G.MISSING, "release": G.WAITING}


def test_of_work_that_ended_early_nothing_is_owed() -> None:
    at = workflow(develop(), ship(), merge()).given(claim(), submit(), report(verdict=FAIL), cancel())

    assert stands(at) == {"tests": G.FAILED, "release": G.LATER}
    assert stands(workflow(develop(), ship()).given(cancel())) == {"tests": G.LATER, "release": G.LATER}
