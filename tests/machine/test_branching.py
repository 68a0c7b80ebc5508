"""Where a step leads: the first rule that is exactly true, recorded, and never evaluated again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.machine import events as e
from onloop.machine.definition import NextRule, Step
from onloop.machine.events import BranchTaken
from onloop.machine.evolve import replay
from onloop.machine.rule_engine import RuleOutcome
from onloop.machine.state import Reason, State
from onloop.machine.way import passed_by, way_to
from onloop.records import replace
from support.scenario import (
    FAIL,
    OTHER_HEAD,
    TASK,
    Scenario,
    approve,
    claim,
    reject,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import develop, full, gate, human, merge, ship

LOOK = Step("plan.look", role="planner", next=(NextRule("test.full", "small"), NextRule("develop.implement")))
DEV = develop()


class Answering:
    """An engine that gives what it was told, and says which facts it was asked about."""

    def __init__(self, *true: str) -> None:
        self.true = true
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        self.asked.append((rule, facts))
        allows = rule in self.true
        return RuleOutcome(
            allows=allows, words="it is true" if allows else f"{rule} is not known", engine="answering 1"
        )


def triage(*true: str) -> tuple[Scenario, Answering]:
    """A planner, a step that a small task skips, a command, people, the merge."""
    engine = Answering(*true)
    return workflow(LOOK, DEV, full(), ship(), merge()).knowing(rules=engine), engine


def test_the_first_rule_that_is_true_is_followed_and_what_it_was_is_recorded_before_the_step_is_entered() -> None:
    at, engine = triage("small")

    events = at.given(claim(role="planner")).when(submit())

    taken = next(event for event in events if isinstance(event, BranchTaken))
    assert taken == BranchTaken("plan.look", "test.full", "small", "", "answering 1")
    assert [type(x) for x in events].index(BranchTaken) < [type(x) for x in events].index(e.StepEntered)
    assert [rule for rule, _ in engine.asked] == ["small"]
    assert engine.asked[0][1]["task"]["step"] == "plan.look"


def test_a_rule_that_is_not_exactly_true_is_not_followed_and_the_log_says_why() -> None:
    at, _ = triage()

    after = at.given(claim(role="planner"), submit())

    taken = next(event for event, _ in after.past if isinstance(event, BranchTaken))
    assert (taken.to, taken.rule, taken.words) == ("develop.implement", "", "not to test.full: small is not known")
    assert after.stands == (State.SUBMITTED, Reason.READY, "develop.implement")


def test_without_an_engine_the_default_is_taken_in_words_that_say_what_is_missing() -> None:
    after = workflow(LOOK, DEV, full()).given(claim(role="planner"), submit())

    taken = next(event for event, _ in after.past if isinstance(event, BranchTaken))
    assert taken.to == "develop.implement"
    assert "pip install 'onloop[policy]'" in taken.words


def test_a_fold_asks_no_rule() -> None:
    at, engine = triage("small")
    after = at.given(claim(role="planner"), submit())
    asked = len(engine.asked)

    assert replay(TASK, after.past) == after.task
    assert len(engine.asked) == asked
    assert after.task.branches == {"plan.look": "test.full"}


def test_steps_that_the_way_passes_by_neither_run_nor_vouch() -> None:
    at, _ = triage("small")

    at = at.given(claim(role="planner"), submit(), report("run"), approve())

    assert at.stands == (State.WORKING, Reason.EFFECT_RUNNING, "ship.merge")
    assert [s.id for s in way_to(at.definition, at.task)] == ["plan.look", "test.full", "ship.release", "ship.merge"]
    assert passed_by(at.definition, at.task) == {"develop.implement"}


def test_an_end_that_a_rule_leads_to_completes_the_task_without_the_steps_after_it() -> None:
    step = develop(next=(NextRule("end", "done"), NextRule("ship.release")))
    at = workflow(step, ship(), merge()).knowing(rules=Answering("done"))

    after = at.given(claim(), submit(), report())

    assert after.stands[0] is State.COMPLETED
    assert after.task.effects == 0


def test_a_loop_is_bounded_by_max_visits_and_then_a_person_is_asked() -> None:
    check = full(next=(NextRule("develop.implement", "again"), NextRule("end")))
    at = workflow(develop(max_visits=2), check).knowing(rules=Answering("again"))

    for head in ("a" * 40, "b" * 40):
        at = at.given(claim(), submit(work(head)), report(), report("run"))

    assert at.stands == (State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED, "develop.implement")
    assert at.task.visits["develop.implement"] == 3


def test_what_lies_behind_a_way_back_vouches_for_nothing_before_it_is_passed_again() -> None:
    check = full(
        next=(NextRule("develop.implement", "again"), NextRule("ship.merge", "done"), NextRule("ship.release"))
    )
    at = workflow(DEV, check, ship(), merge()).knowing(rules=Answering())
    at = at.given(claim(), submit(), report(), report("run"))
    assert at.stands[2] == "ship.release"

    back = at.given(reject())
    assert [s.id for s in way_to(back.definition, back.task)] == ["develop.implement"]

    again = back.knowing(rules=Answering("done")).given(claim(), submit(work(OTHER_HEAD)), report(), report("run"))
    assert again.stands[2] == "ship.merge"
    assert [s.id for s in way_to(again.definition, again.task)] == ["develop.implement", "test.full", "ship.merge"]


def test_a_rejection_goes_to_the_last_agent_of_the_way_that_was_taken() -> None:
    writer = develop(id="develop.docs", role="writer", next=(NextRule("ship.release"),))
    look = Step("plan.look", role="planner", next=(NextRule("develop.docs", "small"), NextRule("develop.implement")))
    at = workflow(look, writer, DEV, ship(human())).knowing(rules=Answering("small"))

    at = at.given(claim(role="planner"), submit(), claim(role="writer"), submit(), report(), reject())

    assert at.stands[2] == "develop.docs"


def test_a_retry_after_the_bound_goes_on_at_the_step_and_the_next_time_a_person_is_asked_again() -> None:
    check = full(next=(NextRule("develop.implement", "again"), NextRule("end")))
    at = workflow(develop(max_visits=1), check).knowing(rules=Answering("again"))
    at = at.given(claim(), submit(), report(), report("run"))
    assert at.stands[1] is Reason.ROUNDS_EXHAUSTED

    again = at.given(retry(), claim(), submit(work(OTHER_HEAD)), report(), report("run"))

    assert again.stands[1] is Reason.ROUNDS_EXHAUSTED


def test_a_gate_that_fails_asks_no_rule() -> None:
    engine = Answering("again")
    at = workflow(replace(DEV, gates=(gate(),), next=(NextRule("end"),)), full()).knowing(rules=engine)

    at.given(claim(), submit(), report(verdict=FAIL))

    assert engine.asked == []
