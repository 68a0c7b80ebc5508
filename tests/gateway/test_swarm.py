"""Swarms through the gateway, on both stores: children begin, are enough, are dismissed, each in one transaction."""

from __future__ import annotations

import pytest

from gateway.shop import LAUNCHER, Shop
from onloop.errors import Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine.definition import Definition, FanOut, Join, JoinKind, Step
from onloop.machine.principal import EFFECTS
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.store.port import TaskFilter
from onloop.views.children import funnelled
from support.scenario import work
from support.steps import defined, develop, gate, parts, quorum, spawning


def children(shop: Shop, parent: str = "r1") -> list[Task]:
    with shop.store.reading() as at:
        return list(at.tasks(TaskFilter(parent=parent)))


def do(shop: Shop, task_id: str) -> None:
    """An agent does the part, and a verifier finds it good."""
    shop.submit(shop.claim(task_id, agent=f"agent:{task_id.replace('.', '-')}"))
    shop.report(task_id)


def deep(levels: int) -> Definition:
    step = develop()
    for level in range(levels):
        step = Step(f"develop.level-{level}", fan_out=FanOut((step,), count=1))
    return defined(step)


def test_the_children_begin_in_the_transaction_that_makes_them(shop: Shop) -> None:
    shop.begin(defined(parts(3)))

    assert [child.id for child in children(shop)] == ["r1.1", "r1.2", "r1.3"]
    assert {child.state for child in children(shop)} == {State.SUBMITTED}
    shop.check()


def test_a_storm_of_spawning_is_refused_and_makes_nothing_beyond_the_cap(shop: Shop) -> None:
    shop.begin(defined(spawning(most=2)))
    agent = shop.claim("r1")
    for number in range(2):
        shop.gateway.perform(PerformCommand(agent, "r1", c.Spawn(agent.id, agent.epoch, f"part {number}")))

    for number in range(2, 9):
        with pytest.raises(Refused, match="is 2"):
            shop.gateway.perform(PerformCommand(agent, "r1", c.Spawn(agent.id, agent.epoch, f"part {number}")))

    assert len(children(shop)) == 2
    shop.check()


def test_a_spawn_whose_reply_was_lost_makes_one_child(shop: Shop) -> None:
    shop.begin(defined(spawning()))
    agent = shop.claim("r1")

    for _ in range(3):
        shop.gateway.perform(PerformCommand(agent, "r1", c.Spawn(agent.id, agent.epoch, "one"), key="k1"))

    assert [child.id for child in children(shop)] == ["r1.1"]


def test_all_children_done_are_merged_in_order(shop: Shop) -> None:
    shop.begin(defined(parts(2)))
    do(shop, "r1.2")
    assert shop.task().reason is Reason.CHILDREN_RUNNING

    do(shop, "r1.1")

    assert (shop.task().reason, shop.task().joined) == (Reason.EFFECT_RUNNING, ("r1.1", "r1.2"))
    parent = shop.task()
    with shop.store.reading() as at:
        assert [name for name, _ in funnelled(at, parent)] == ["r1.1", "r1.2"]
    shop.check()


@pytest.mark.parametrize(("join", "needed"), [(Join(JoinKind.FIRST), 1), (quorum(2), 2)], ids=["first", "quorum"])
def test_losers_are_dismissed_with_the_last_winner(shop: Shop, join: Join, needed: int) -> None:
    shop.begin(defined(parts(4, join)))
    busy = shop.claim("r1.4")
    for number in range(1, needed + 1):
        do(shop, f"r1.{number}")

    states = [child.state for child in children(shop)]
    assert states == [State.COMPLETED] * needed + [State.CANCELED] * (4 - needed)
    assert shop.task().reason is Reason.EFFECT_RUNNING
    with pytest.raises(Refused):
        shop.submit(busy)
    shop.check()


def test_what_was_merged_is_judged_and_completes_the_parent(shop: Shop) -> None:
    shop.begin(defined(parts(1, gates=(gate(),))))
    do(shop, "r1.1")
    effect = shop.task().effect
    assert effect is not None

    shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.FinishFunnel(effect.id, work("c" * 40))))
    shop.report("r1")

    assert shop.task().state is State.COMPLETED
    shop.check()


def test_children_go_three_levels_deep_and_an_end_at_the_bottom_is_felt_at_each(shop: Shop) -> None:
    shop.begin(deep(3))
    do(shop, "r1.1.1.1")

    for task_id in ("r1.1.1", "r1.1", "r1"):
        effect = shop.task(task_id).effect
        assert effect is not None, task_id
        shop.gateway.perform(PerformCommand(EFFECTS, task_id, c.FinishFunnel(effect.id, work("c" * 40))))

    assert shop.task().state is State.COMPLETED


def test_a_canceled_parent_takes_everything_below_it_along(shop: Shop) -> None:
    shop.begin(deep(3))

    shop.cancel("r1")

    assert {shop.task(name).state for name in ("r1", "r1.1", "r1.1.1", "r1.1.1.1")} == {State.CANCELED}
    shop.check()


def test_max_parallel_bounds_how_many_children_are_held(shop: Shop) -> None:
    shop.begin(defined(parts(3, max_parallel=2)))
    shop.claim(agent="agent:one")
    shop.claim(agent="agent:two")

    with pytest.raises(Refused, match="no free slot"):
        shop.gateway.perform(ClaimTask(LAUNCHER, "agent:three", "implementer"))


def test_a_child_that_never_answers_is_a_person_s_and_the_parent_waits(shop: Shop) -> None:
    shop.begin(defined(parts(1)))
    for _ in range(3):
        shop.claim("r1.1")
        shop.later(3_600_000)
        shop.want()
        shop.later(3_600_000)
        shop.gateway.perform(FireTimers())

    assert shop.task("r1.1").reason in {Reason.ATTEMPTS_EXHAUSTED, Reason.TIMED_OUT}
    assert shop.task().reason is Reason.CHILDREN_RUNNING

    shop.cancel("r1.1")

    assert (shop.task().state, shop.task().reason) == (State.INPUT_REQUIRED, Reason.HALTED)


def test_a_frozen_loser_holds_the_join_until_a_person_unfreezes_it(shop: Shop) -> None:
    shop.begin(defined(parts(2, Join(JoinKind.FIRST))))
    shop.freeze("task:r1.2")
    do(shop, "r1.1")
    assert (shop.task("r1.2").state, shop.task().reason) == (State.SUBMITTED, Reason.CHILDREN_RUNNING)

    shop.unfreeze("task:r1.2")

    assert (shop.task("r1.2").state, shop.task().reason) == (State.CANCELED, Reason.EFFECT_RUNNING)
    shop.check()


def test_a_frozen_child_of_a_parent_that_ended_is_sent_away_when_a_person_unfreezes_it(shop: Shop) -> None:
    shop.begin(deep(2))
    shop.freeze("task:r1.1")
    shop.cancel("r1")
    assert shop.task("r1.1").state is State.WORKING

    shop.unfreeze("task:r1.1")

    assert (shop.task("r1.1").state, shop.task("r1.1.1").state) == (State.CANCELED, State.CANCELED)
