"""The budget of a fleet: what its tasks draw is counted once, it is asked about once, and a raise lets all go on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.errors import Exit, NotAllowed, Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.budgets import Budget
from onloop.machine.principal import Principal
from onloop.machine.rules.budget_rules import of_root
from onloop.machine.state import Reason, State
from onloop.machine.usage import StepSpending, Usage, summed
from onloop.records import replace
from onloop.store.memory import MemoryStore
from support.steps import defined, develop

PARKED = (State.INPUT_REQUIRED, Reason.BUDGET_EXHAUSTED)


def tell(shop: Shop, agent: Principal, tokens: int) -> None:
    """The agent says what it used under its lease so far."""
    said = c.ReportUsage(agent.id, agent.epoch, "claude", Usage(input=tokens))
    shop.gateway.perform(PerformCommand(agent, agent.task or "", said))


def give_back(shop: Shop, agent: Principal) -> None:
    shop.gateway.perform(
        PerformCommand(agent, agent.task or "", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED))
    )


def drawn(shop: Shop) -> StepSpending:
    return of_root(shop.task("r1")).spent


def retry(shop: Shop, task: str, more: Budget) -> None:
    person = shop.person("ana")
    assert person.voice is not None
    shop.gateway.perform(PerformCommand(person, task, c.Retry(person.voice, "", more=more)))


def stands(shop: Shop, task: str) -> tuple[State, Reason | None]:
    return shop.task(task).state, shop.task(task).reason


def test_what_the_tasks_of_a_fleet_use_is_counted_on_its_root_and_spends_its_budget(shop: Shop) -> None:
    shop.definition = defined(develop())
    shop.fleet(3, budget=Budget(tokens=1_000))
    one, two = shop.claim("r1.1"), shop.claim("r1.2", "agent:bravo")
    tell(shop, one, 400)
    tell(shop, two, 500)
    tell(shop, one, 400)

    assert (drawn(shop).usage.tokens, drawn(shop).claims) == (900, 2)
    tell(shop, two, 600)

    assert stands(shop, "r1.2") == PARKED and stands(shop, "r1.1") == (State.WORKING, None)
    assert "tokens of the run: 1,000 of 1,000, as its agents tell" in shop.task("r1.2").detail
    with pytest.raises(Refused, match=r"r1\.2 is asked about the budget of r1") as no:
        shop.claim("r1.3", "agent:charlie")
    assert no.value.exit is Exit.NOTHING and stands(shop, "r1.3") == (State.SUBMITTED, Reason.READY)
    with pytest.raises(Refused, match="nothing waits for implementer"):
        shop.claim(agent="agent:charlie")


def test_a_raise_of_the_run_lets_the_others_go_on_at_once_and_the_one_that_asked_when_it_is_tried_again(
    shop: Shop,
) -> None:
    shop.definition = defined(develop())
    shop.fleet(2, budget=Budget(tokens=100))
    tell(shop, shop.claim("r1.1"), 150)
    with pytest.raises(Refused, match="a budget of r1 is still spent"):
        retry(shop, "r1.1", Budget())
    retry(shop, "r1", Budget(tokens=200))

    assert shop.claim("r1.2", "agent:bravo").task == "r1.2"
    retry(shop, "r1.1", Budget())
    assert stands(shop, "r1.1") == (State.SUBMITTED, Reason.READY)
    assert shop.claim("r1.1").task == "r1.1"


def test_claims_of_a_fleet_are_counted_and_the_first_that_is_too_many_asks_a_person(shop: Shop) -> None:
    shop.definition = defined(develop())
    shop.fleet(3, budget=Budget(claims=1))
    give_back(shop, shop.claim("r1.1"))

    with pytest.raises(Refused, match="waits for a person: claims of the run: 1 of 1"):
        shop.claim("r1.2")
    assert stands(shop, "r1.2") == PARKED
    with pytest.raises(Refused, match="nothing waits"):
        shop.claim()
    assert stands(shop, "r1.1") == stands(shop, "r1.3") == (State.SUBMITTED, Reason.READY)


def test_a_task_that_spent_its_own_budget_is_not_said_to_be_asked_about_that_of_the_run(shop: Shop) -> None:
    shop.definition = replace(defined(develop()), budget=Budget(tokens=100))
    shop.fleet(3, budget=Budget(tokens=1_000))
    tell(shop, shop.claim("r1.1"), 150)
    assert stands(shop, "r1.1") == PARKED
    assert of_root(shop.task("r1")).parked == ""

    retry(shop, "r1.1", Budget(tokens=10_000))
    tell(shop, shop.claim("r1.1"), 1_200)
    assert of_root(shop.task("r1")).parked == "r1.1"


def test_whoever_held_a_task_tells_of_it_after_its_end_too_and_nobody_else_ever(shop: Shop) -> None:
    shop.definition = defined(develop())
    shop.fleet(2, budget=Budget(tokens=1_000))
    one, two = shop.claim("r1.1"), shop.claim("r1.2", "agent:bravo")
    shop.submit(one)
    shop.report("r1.1")
    assert shop.task("r1.1").state is State.COMPLETED
    tell(shop, one, 70)

    assert drawn(shop).usage.tokens == 70
    said = c.ReportUsage(one.id, one.epoch, "claude", Usage(input=9))
    with pytest.raises(NotAllowed):
        shop.gateway.perform(PerformCommand(two, "r1.1", said))


DEEDS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["claim", "tell", "back"]), st.integers(0, 999)), max_size=25
)


@given(DEEDS)
@settings(max_examples=25, deadline=None)
def test_a_root_s_count_is_the_sum_of_its_tasks_whatever_is_done_and_in_whatever_order(
    deeds: list[tuple[int, str, int]],
) -> None:
    shop = Shop(MemoryStore(), definition=defined(develop()))
    shop.fleet(3, budget=Budget(tokens=10**9))
    held = dict[str, Principal]()
    for number, deed, tokens in deeds:
        task = f"r1.{number}"
        if deed == "claim" and shop.task(task).holder is None:
            held[task] = shop.claim(task, f"agent:a{number}")
        elif deed == "tell" and task in held:
            tell(shop, held[task], tokens)
        elif deed == "back" and shop.task(task).holder is not None:
            shop.clock.now += tokens
            give_back(shop, held[task])

    below = [shop.task(f"r1.{number}") for number in (1, 2, 3)]
    assert drawn(shop) == summed(task.spending.whole for task in below)
    shop.check()
