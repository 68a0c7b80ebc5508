"""Branches, combinations, and children that wait for siblings, through the gateway, on both stores."""

from __future__ import annotations

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.definition import FanOut, ParallelBranch, Step
from onloop.machine.principal import EFFECTS
from onloop.machine.state import Reason, State
from onloop.views.children import funnelled
from support.scenario import work
from support.steps import defined, develop

WRITE = develop(id="develop.docs")


def both() -> Step:
    """Documentation waits for code, and is made first."""
    code, docs = ParallelBranch("code", (develop(),)), ParallelBranch("docs", (WRITE,), after=("code",))
    return Step("develop.both", fan_out=FanOut((), branches=(docs, code)))


def do(shop: Shop, task_id: str, head: str = "a" * 40) -> None:
    """An agent does the part, and a verifier finds it good."""
    shop.submit(shop.claim(task_id, agent=f"agent:{task_id.replace('.', '-')}"), work(head))
    shop.report(task_id)


def test_a_branch_that_waits_begins_in_the_transaction_in_which_the_other_completes(shop: Shop) -> None:
    shop.begin(defined(both()))
    assert (shop.task("r1.1").reason, shop.task("r1.1").detail) == (Reason.DEPENDENCY, "waits for r1.2")

    do(shop, "r1.2")

    waited = shop.task("r1.1")
    assert (waited.state, waited.reason) == (State.WORKING, Reason.EFFECT_RUNNING)
    with shop.store.reading() as at:
        assert [(name, sub.head) for name, sub in funnelled(at, waited)] == [("r1.2", "a" * 40)]
    effect = waited.effect
    assert effect is not None
    shop.gateway.perform(PerformCommand(EFFECTS, "r1.1", c.FinishFunnel(effect.id, work("c" * 40))))
    begun = shop.task("r1.1")
    assert (begun.state, begun.reason, begun.funnel) == (State.SUBMITTED, Reason.READY, "c" * 40)
    shop.check()


def test_a_branch_whose_other_was_canceled_is_a_question_and_its_retry_begins_without_it(shop: Shop) -> None:
    shop.begin(defined(both()))

    shop.cancel("r1.2")

    asked = shop.task("r1.1")
    assert (asked.state, asked.reason) == (State.INPUT_REQUIRED, Reason.HALTED)
    assert "r1.2 (Fix it (code)) canceled" in asked.detail
    shop.gateway.perform(PerformCommand(shop.person("ana"), "r1.1", c.Retry(shop.voice(), "")))
    assert shop.task("r1.1").reason is Reason.READY
    shop.check()


def test_what_waits_for_what_was_replaced_begins_with_the_work_of_what_replaced_it(shop: Shop) -> None:
    code, docs = ParallelBranch("code", (develop(),)), ParallelBranch("docs", (WRITE,), after=("code",))
    shop.begin(defined(Step("develop.both", fan_out=FanOut((), branches=(code, docs)))))
    shop.cancel("r1.1")
    shop.cancel("r1.2")
    assert shop.task().reason is Reason.HALTED

    shop.gateway.perform(PerformCommand(shop.person("ana"), "r1", c.Retry(shop.voice(), "")))
    do(shop, "r1.3")

    assert shop.task("r1.4").after == ("r1.3",)
    assert shop.task("r1.4").reason is Reason.EFFECT_RUNNING
    shop.check()


def test_each_combination_walks_a_workflow_of_its_own_that_the_log_explains(shop: Shop) -> None:
    values = ((("python", "3.11"),), (("python", "3.12"),))
    step = Step("test.all", fan_out=FanOut((develop(),), matrix=values))
    shop.begin(defined(step))

    pins = {shop.task(f"r1.{number}").definition for number in (1, 2)}

    assert len(pins) == 2
    shop.check()
