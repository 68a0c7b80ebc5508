"""Budgets of steps, tasks and runs: what is spent, who is asked, what a raise lets go on, and what cannot be evaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onloop.errors import Exit, Refused
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.budgets import Budget, BudgetScope, RunBudget, usd_words
from onloop.machine.rules.budget_rules import budget_lines, of_root, silent_words
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind
from onloop.machine.usage import StepSpending, Usage
from onloop.records import replace
from support.passing import used
from support.scenario import (
    ANA,
    BRAVO,
    FAIL,
    Scenario,
    cancel,
    claim,
    create,
    fire,
    give_up,
    reject,
    report,
    submit,
    voice,
    workflow,
)
from support.steps import HOUR, MINUTE, defined, develop, full

PARKED = (State.INPUT_REQUIRED, Reason.BUDGET_EXHAUSTED, "develop.implement")


def within(budget: Budget, **fields: Any) -> Scenario:
    """A task whose first step has that budget."""
    return workflow(develop(budget=budget, **fields))


def of_task(budget: Budget) -> Scenario:
    """A task that may spend that much on all its steps."""
    return Scenario(replace(defined(develop(), full()), budget=budget)).given(create())


def of_run(budget: Budget) -> Scenario:
    """A run of one task that may spend that much."""
    return Scenario(defined(develop())).given(replace(create(), run="r1.1", budget=budget))


def more(note: str = "", **figures: Any) -> c.Retry:
    """A person adds to the budget, and has it tried again."""
    return c.Retry(voice(ANA), note, more=Budget(**figures))


@pytest.mark.parametrize("at", [within, of_task, of_run], ids=["step", "task", "run"])
@pytest.mark.parametrize("budget", [Budget(tokens=1_000_000), Budget(micro_usd=1_000_000)], ids=["tokens", "cost"])
def test_what_an_agent_tells_spends_a_budget_and_then_a_person_is_asked(
    at: Callable[[Budget], Scenario], budget: Budget
) -> None:
    working = at(budget).given(claim())

    below = working.given(used(999_999, 999_999))
    parked = below.given(used(1_000_000, 1_000_000))

    assert below.task.holder is not None
    assert (parked.stands, parked.task.holder) == (PARKED, None)
    assert "as its agents tell" in parked.task.detail
    assert parked.given(cancel()).task.state is State.CANCELED
    assert parked.given(reject()).task.state is State.SUBMITTED


def test_a_person_adds_to_it_and_it_goes_on_and_who_did_is_recorded() -> None:
    parked = within(Budget(tokens=1_000)).given(claim(), used(1_500))

    assert parked.refuses(more()).exit is Exit.SPENT, "nothing was added"
    assert parked.refuses(more(tokens=500)).exit is Exit.SPENT, "1,500 of 1,500"
    again = parked.given(more(tokens=501))

    assert again.task.state is State.SUBMITTED
    (raised,) = [event for event, _ in again.past if isinstance(event, e.BudgetRaised)]
    assert (raised.scope, raised.by, raised.more.tokens) == (BudgetScope.STEP, ANA, 501)
    on = again.given(claim(), used(0))
    assert on.task.holder is not None
    assert on.given(used(1)).stands == PARKED, "the second lease adds to the first"


def test_only_the_budgets_that_are_spent_are_raised_and_others_where_none_is() -> None:
    narrow = replace(defined(develop(budget=Budget(tokens=10)), full()), budget=Budget(tokens=1_000, claims=9))
    at = Scenario(narrow).given(create()).given(claim(), used(10))
    raised = at.given(more(tokens=5))
    before = Scenario(narrow).given(create(), more(claims=2))

    assert [each.scope for each in raised.task.budgets.raised] == [BudgetScope.STEP]
    assert [(each.scope, each.more.claims) for each in before.task.budgets.raised] == [(BudgetScope.TASK, 2)]
    assert before.task.state is State.SUBMITTED
    assert before.refuses(more(minutes=5)).exit is Exit.USAGE, "nothing limits its minutes"


def test_claims_are_counted_by_the_gateway_and_one_too_many_asks_a_person_in_the_place_of_a_lease() -> None:
    at = within(Budget(claims=2)).given(claim(), give_up()).later(MINUTE).given(claim())
    assert at.given(submit(), report("tests", FAIL)).task.holder is not None, "rounds are no claims"

    third = at.given(give_up()).later(MINUTE).given(claim())

    assert third.stands == PARKED and "claims of the step: 2 of 2" in third.task.detail
    assert third.given(more(claims=1)).given(claim()).task.holder is not None


def test_minutes_are_measured_by_the_gateway_and_end_a_lease_that_tells_nothing() -> None:
    at = within(Budget(minutes=90), timeout_ms=10 * HOUR).given(claim()).later(HOUR).given(give_up())
    at = at.later(5 * HOUR).given(claim())
    (timer,) = [timer for timer in at.timers if timer.kind is c.TimerKind.TIMEOUT]

    assert timer.at == at.now + 30 * MINUTE, "an hour was spent before; waiting costs nothing"
    parked = at.later(30 * MINUTE).given(fire(c.TimerKind.TIMEOUT))
    assert parked.stands == PARKED and parked.task.tries == 1, "it counts as no try"


def test_the_timeout_of_a_step_stays_what_it_is_where_minutes_are_left() -> None:
    at = within(Budget(minutes=600), timeout_ms=HOUR).given(claim()).later(HOUR).given(fire(c.TimerKind.TIMEOUT))

    assert (at.task.reason, at.task.tries) == (Reason.RETRY_BACKOFF, 1)


def test_work_that_was_handed_in_is_judged_and_no_round_begins_after_it() -> None:
    verifying = within(Budget(tokens=100)).given(claim(), submit(), used(100))

    assert verifying.task.is_verifying
    assert verifying.given(report()).task.state is State.COMPLETED, "what is done is done"
    assert verifying.given(report("tests", FAIL)).stands == PARKED


def test_what_is_told_after_the_lease_stops_the_next_claim() -> None:
    at = within(Budget(micro_usd=50)).given(claim(), give_up(), used(None, 50, agent="agent:alfa", epoch=1))

    assert at.task.reason is Reason.RETRY_BACKOFF
    assert at.later(MINUTE).given(claim(BRAVO)).stands == PARKED


def test_an_agent_that_tells_nothing_is_said_to_and_is_refused_where_the_budget_says_so() -> None:
    lax = within(Budget(tokens=10, micro_usd=10)).given(claim())
    strict = within(Budget(tokens=10, refuse_unknown=True)).given(claim())
    lines = budget_lines(lax.definition, lax.task, None, lax.now)

    assert [silent_words(line) for line in lines] == [
        "tokens of the step: no agent tells them; the budget cannot hold them",
        "cost of the step: no agent tells them; the budget cannot hold them",
    ]
    assert lax.given(submit(), report("tests", FAIL)).task.holder is not None
    held = strict.given(submit(), report("tests", FAIL))
    assert held.stands == PARKED and "no agent tells them" in held.task.detail
    assert held.refuses(more(tokens=5)).exit is Exit.SPENT
    assert strict.given(used(5), submit(), report("tests", FAIL)).task.holder is not None


def test_a_run_s_budget_counts_all_its_tasks_and_asks_once() -> None:
    known = RunBudget(Budget(tokens=100), StepSpending(usage=Usage(input=60)))
    at = workflow(develop()).given()
    member = Scenario(defined(develop())).given(create(parent="r1"))
    member = replace(member, known=replace(member.task, id="r1.1")).knowing(run_budget=known)

    crossed = member.given(claim(), used(40))
    assert crossed.stands == PARKED and "tokens of the run: 100 of 100" in crossed.task.detail
    asked = member.knowing(run_budget=replace(known, spent=StepSpending(usage=Usage(input=100)), parked="r1.2"))
    no = asked.refuses(claim())
    assert no.exit is Exit.NOTHING and "r1.2 is asked" in no.message and "onloop retry r1 --more tokens=…" in no.hint
    assert crossed.refuses(more(tokens=5)).exit is Exit.USAGE, "the budget is its run's"
    assert at.task.budgets.drawn == StepSpending()


def test_the_root_of_a_run_counts_what_its_tasks_draw_in_whatever_state_it_is() -> None:
    root = Scenario(defined(develop())).given(replace(create(Kind.FLEET), run="r1.1", budget=Budget(tokens=100)))
    drawn = root.given(
        c.Draw("r1.1", StepSpending(claims=1, usage=Usage(input=70), telling=1)),
        c.Draw("r1.2", StepSpending(held_ms=5, usage=Usage(output=20)), parked=True),
    )

    found = of_root(drawn.task)
    assert (found.spent.usage.tokens, found.spent.claims, found.parked) == (90, 1, "r1.2")
    raised = drawn.given(more(tokens=50))
    assert (of_root(raised.task).budget.tokens, of_root(raised.task).parked) == (150, "")
    assert raised.stands == root.stands


def test_a_task_without_a_budget_is_never_held_by_one() -> None:
    at = workflow(develop()).given(claim(), used(10**12, 10**13))

    assert at.task.holder is not None
    with pytest.raises(Refused):
        at.given(more(tokens=1))


@pytest.mark.parametrize(
    ("micro", "words"),
    [(0, "$0.00"), (1, "$0.000001"), (9_990, "$0.00999"), (421_000, "$0.42"), (10**12, "$1,000,000.00")],
)
def test_money_is_said_in_dollars(micro: int, words: str) -> None:
    assert usd_words(micro) == words
