"""A holder that was away goes on; a role that fails is held for thousands of tasks at once; and both are recorded."""

from __future__ import annotations

import pytest

from gateway.shop import VERIFIER, Shop
from onloop.errors import Exit, Refused
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import FireTimers, RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.held_roles import ALIKE_ENDS, FIRST_TRIAL_MS, TrialAsked
from onloop.machine.principal import EFFECTS, Principal
from onloop.machine.setbacks import Trouble
from onloop.machine.state import Reason, State
from onloop.machine.store_state import fold_store
from onloop.store.codec import event_from_text
from onloop.views.overview_projector import board_of_store, overview_of
from support.scenario import work
from support.steps import HOUR, MINUTE, SECOND


def crash(shop: Shop, agent: Principal, detail: str = "exit code 1") -> None:
    command = c.Release(agent.id, agent.epoch, c.ReleaseCause.CRASHED, detail)
    shop.gateway.perform(PerformCommand(agent, agent.task or "", command))


def test_a_holder_that_was_away_goes_on_under_its_epoch_though_timers_were_fired_meanwhile(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    for _ in range(3):
        shop.later(HOUR)
        shop.gateway.perform(FireTimers())

    assert shop.task().holder == agent.id
    ends = shop.gateway.perform(Heartbeat(agent))
    assert ends == shop.clock() + MINUTE
    shop.gateway.perform(FireTimers())
    task = shop.submit(agent, work())

    assert (task.holder, task.epoch, task.tries) == (agent.id, 1, 0)
    assert [event.name for event in shop.log("r1")].count("Returned") == 1
    shop.check()


@pytest.mark.parametrize("way", ["heartbeat", "submit", "ask"])
def test_whatever_a_holder_does_first_brings_it_back(shop: Shop, way: str) -> None:
    shop.begin()
    agent = shop.claim()
    shop.later(HOUR)

    if way == "heartbeat":
        shop.gateway.perform(Heartbeat(agent))
    elif way == "submit":
        shop.submit(agent, work())
    else:
        shop.ask(agent)

    assert shop.task().tries == 0 and "AttemptEnded" not in [event.name for event in shop.log("r1")]


def test_whoever_wants_the_task_first_has_it_and_what_was_lost_stays_lost(shop: Shop) -> None:
    shop.begin()
    old = shop.claim()
    shop.later(HOUR)
    shop.want()
    shop.later(-HOUR)

    with pytest.raises(Refused):
        shop.gateway.perform(Heartbeat(old))
    with pytest.raises(Refused):
        shop.submit(old, work())
    assert shop.task().tries == 1


def test_an_abandoned_lease_costs_a_tick_nothing(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    shop.later(HOUR)
    length = len(shop.log())

    for _ in range(50):
        assert shop.gateway.perform(FireTimers()) == 0
        shop.later(SECOND)

    assert len(shop.log()) == length


def held(shop: Shop, count: int = ALIKE_ENDS + 3) -> None:
    """A fleet whose agents end alike until their role is held."""
    shop.fleet(count)
    for n in range(1, ALIKE_ENDS + 1):
        crash(shop, shop.claim(agent=f"agent:a{n}"), f"exit code {n}")


def claim(shop: Shop) -> Principal:
    shop.later(SECOND)
    return shop.claim(agent="agent:later")


def test_a_role_whose_agents_end_alike_is_one_row_and_no_further_task_is_given_out(shop: Shop) -> None:
    held(shop)

    with pytest.raises(Refused, match="end alike and it is held: exit code 5") as refused:
        claim(shop)
    assert refused.value.exit is Exit.NOTHING
    with shop.store.reading() as at:
        (group,) = board_of_store(at, shop.clock()).shown
        house = at.house()
    assert (group.headline, len(group.members)) == ("held at role implementer", 1)
    assert group.detail == f"{ALIKE_ENDS} tasks: agents of role implementer end with 'exit code 5'"
    tries = [shop.task(f"r1.{n}").tries for n in range(1, ALIKE_ENDS + 4)]
    assert tries == [1] * ALIKE_ENDS + [0] * 3
    assert fold_store(event_from_text(event.name, event.data) for event in shop.log("house")).roles == house.roles  # type: ignore[misc]
    shop.check()


def test_one_task_is_tried_when_the_pause_is_over_and_the_role_opens_when_it_passes(shop: Shop) -> None:
    held(shop)
    shop.later(FIRST_TRIAL_MS)
    trial = claim(shop)
    with pytest.raises(Refused, match="held"):
        claim(shop)

    crash(shop, trial)
    assert shop.task(trial.task or "").tries in {0, 1}, "the role pays, not the task"
    assert shop.task(trial.task or "").reason is Reason.READY
    shop.gateway.perform(RecordStoreEvent(shop.person(), TrialAsked("implementer", "human:ana")))
    shop.submit(claim(shop), work())

    assert claim(shop).task and claim(shop).task
    with shop.store.reading() as at:
        assert not board_of_store(at, shop.clock()).shown and not at.house().roles
    shop.check()


def test_agents_that_were_at_work_when_their_role_was_held_lose_no_attempt_by_the_same_end(shop: Shop) -> None:
    shop.fleet(2 * ALIKE_ENDS)
    agents = [shop.claim(agent=f"agent:a{n}") for n in range(2 * ALIKE_ENDS)]
    for agent in agents:
        crash(shop, agent)

    lost = [shop.task(agent.task or "").tries for agent in agents]
    assert lost == [1] * ALIKE_ENDS + [0] * ALIKE_ENDS


def test_a_person_who_names_an_agent_is_not_held_up(shop: Shop) -> None:
    held(shop)
    shop.gateway.perform(PerformCommand(shop.person(), "r1.8", c.Reassign("agent:later", shop.voice(), "try this one")))

    assert claim(shop).task == "r1.8"


def test_only_a_role_that_is_held_can_be_tried(shop: Shop) -> None:
    with pytest.raises(Refused, match="role implementer is not held"):
        shop.gateway.perform(RecordStoreEvent(shop.person(), TrialAsked("implementer", "human:ana")))


def test_an_effect_that_waits_has_no_job_and_the_timer_gives_it_back_under_the_same_id(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    effect = shop.approve().effect
    assert effect is not None and len(shop.jobs()) == 1
    away = c.ReportTrouble(Trouble.UNREACHABLE, "the origin is away", effect=effect.id)

    for count in range(1, 6):
        task = shop.gateway.perform(PerformCommand(EFFECTS, "r1", away))
        assert (task.state, task.reason, shop.jobs()) == (State.WORKING, Reason.EXTERNAL, [])
        shop.check()
        shop.later(2 ** (count - 1) * SECOND)
        shop.gateway.perform(FireTimers())
        assert [job.id for job in shop.jobs()] == [effect.id]

    assert not shop.task().requests and shop.task().setback is not None


def test_a_trouble_that_outlasts_patience_is_one_row_for_all_and_clears_by_itself(shop: Shop) -> None:
    for run in ("r1", "r2"):
        shop.begin(run=run)
        shop.submit(shop.claim(run))
    away = c.ReportTrouble(Trouble.NO_SPACE, "the disk is full", gate="tests")
    since = shop.clock()
    while shop.clock() - since <= HOUR:
        for run in ("r1", "r2"):
            if shop.task(run).reason is Reason.GATES_RUNNING:
                shop.gateway.perform(PerformCommand(VERIFIER, run, away))
        shop.later(10 * SECOND)
        shop.gateway.perform(FireTimers())

    with shop.store.reading() as at:
        board = board_of_store(at, shop.clock())
        tasks = [task for name in ("r1", "r2") if (task := at.task(name)) is not None]
    (group,) = board.shown
    assert (group.reason, len(group.members), group.since) == (Reason.EXTERNAL, 2, since)
    assert [each.cause for each in overview_of(tasks).groups] == [group.cause], "one derivation"
    assert len(shop.log()) < 150, "an hour of trouble fills no log"
    shop.later(HOUR)
    shop.gateway.perform(FireTimers())
    for run in ("r1", "r2"):
        shop.report(run)
    with shop.store.reading() as at:
        assert Reason.EXTERNAL not in {each.reason for each in board_of_store(at, shop.clock()).shown}
    shop.check()
