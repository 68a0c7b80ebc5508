"""Who gets which task: the oldest that waits for them, one owner at a time, no more of a fleet than it allows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.shop import Shop, enrolled
from onloop.errors import BadInput, Exit, Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.facts import FIRST_LOOKED_AT
from onloop.gateway.leases import Heartbeat
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.scram import LEAST_COST
from onloop.machine import commands as c
from onloop.machine.definition import Step
from onloop.machine.principal import launcher
from onloop.machine.state import Reason, State
from onloop.records import replace
from onloop.store.sqlite.database import SqliteStore
from support.steps import MINUTE, SECOND, defined, develop

RACERS = 16


def exit_of(call: Callable[[], object]) -> Exit:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.exit


def test_a_claim_takes_the_oldest_task_that_waits(shop: Shop) -> None:
    shop.begin(run="z9")
    shop.begin(run="a1")

    assert [shop.claim().task, shop.claim().task] == ["z9", "a1"]
    assert exit_of(shop.claim) is Exit.NOTHING


def test_a_claim_takes_only_what_waits_for_its_role(shop: Shop) -> None:
    shop.begin(defined(Step("plan.breakdown", role="planner")))
    shop.begin(replace(defined(develop()), digest="e" * 64), run="r2")

    assert shop.claim(role="implementer").task == "r2"
    assert exit_of(lambda: shop.claim(role="reviewer")) is Exit.NOTHING
    assert exit_of(lambda: shop.claim("r1", role="reviewer")) is Exit.NOT_YOURS
    assert shop.claim(role="planner").task == "r1"


def test_a_task_that_was_given_to_somebody_is_theirs_alone(shop: Shop) -> None:
    shop.begin()
    shop.gateway.perform(
        PerformCommand(shop.person(), "r1", c.Reassign("agent:bravo", shop.voice(), "knows this code"))
    )

    assert exit_of(shop.claim) is Exit.NOTHING
    assert exit_of(lambda: shop.claim("r1")) is Exit.NOT_YOURS
    assert shop.claim(agent="agent:bravo").task == "r1"


def test_a_task_in_its_pause_is_passed_over(shop: Shop) -> None:
    shop.begin()
    shop.begin(run="r2")
    first = shop.claim("r1")
    shop.gateway.perform(
        PerformCommand(first, "r1", c.Release(first.id, first.epoch, c.ReleaseCause.CRASHED, "exit code 70"))
    )

    assert shop.claim().task == "r2"
    assert exit_of(lambda: shop.claim("r1")) is Exit.NOTHING
    shop.later(10 * SECOND)
    assert shop.claim().task == "r1"


def test_a_fleet_has_no_more_holders_than_slots(shop: Shop) -> None:
    shop.fleet(3, max_parallel=2)
    first = shop.claim()
    shop.claim()

    assert exit_of(lambda: shop.claim("r1.3")) is Exit.NOTHING
    with pytest.raises(Refused, match="its fleet has no free slot"):
        shop.claim()
    shop.ask(first)
    assert shop.claim().task == "r1.3"


@pytest.mark.parametrize("count", [3, FIRST_LOOKED_AT + 3])
def test_a_full_fleet_does_not_stand_in_the_way_of_another_run(shop: Shop, count: int) -> None:
    shop.fleet(count, max_parallel=1)
    shop.begin(run="r2")
    shop.claim()

    assert shop.claim().task == "r2"


def test_a_claim_first_takes_back_what_was_lost(shop: Shop) -> None:
    shop.fleet(2, max_parallel=1)
    shop.claim()
    shop.later(MINUTE)

    assert shop.claim(agent="agent:bravo").task == "r1.2"
    assert shop.task("r1.1").reason is Reason.RETRY_BACKOFF


def test_a_claim_by_name_first_takes_back_the_slot_of_whoever_was_lost(shop: Shop) -> None:
    shop.fleet(2, max_parallel=1)
    shop.claim("r1.1")
    shop.later(MINUTE)

    assert shop.claim("r1.2").task == "r1.2"


def test_a_new_owner_gets_a_new_epoch_a_new_secret_and_a_lease_of_the_asked_length(shop: Shop) -> None:
    shop.begin()
    first = shop.claim()
    secret = shop.secrets["r1"]
    shop.gateway.perform(PerformCommand(first, "r1", c.Release(first.id, first.epoch, c.ReleaseCause.STOPPED)))
    got = shop.gateway.perform(ClaimTask(launcher("t"), "agent:bravo", "implementer", lease_ms=7 * SECOND))
    shop.secrets["r1"] = got.secret

    assert (got.task.epoch, got.expires - shop.clock()) == (2, 7 * SECOND)
    assert got.secret != secret
    lease = shop.lease()
    assert lease is not None and (lease.agent, lease.epoch, lease.expires) == ("agent:bravo", 2, got.expires)


def race(folder: Path, shop: Shop, run: Callable[[Gateway, int], str]) -> Counter[str]:
    """What `run` gave in each of 16 threads that begin at the same moment, each with a connection of its own."""
    start = threading.Barrier(RACERS)

    def racer(number: int) -> str:
        store = SqliteStore(folder)
        try:
            start.wait(10)
            return run(Gateway(store, shop.clock), number)
        except Refused as no:
            return f"{no.exit.value} {no.message}"
        finally:
            store.close()

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(racer, range(RACERS)))


def test_of_sixteen_who_race_for_a_task_one_wins_and_the_others_learn_so(durable: Shop, tmp_path: Path) -> None:
    durable.begin()

    def run(gateway: Gateway, number: int) -> str:
        got = gateway.perform(
            ClaimTask(launcher("t"), f"agent:a{number}", "implementer", task="r1" if number % 2 else None)
        )
        durable.secrets["r1"] = got.secret
        return "won"

    ended = race(tmp_path / "store", durable, run)
    holder = durable.task().holder

    lost = {f"13 r1 is held by {holder} under epoch 1, and its lease ends in 60 s", "15 nothing waits for implementer"}
    assert ended.pop("won") == 1
    assert ended.keys() == lost and ended.total() == RACERS - 1
    assert [event.name for event in durable.log("r1")].count("Claimed") == 1


def test_sixteen_who_race_for_sixteen_tasks_get_one_each(durable: Shop, tmp_path: Path) -> None:
    durable.fleet(RACERS)

    def run(gateway: Gateway, number: int) -> str:
        got = gateway.perform(ClaimTask(launcher("t"), f"agent:a{number}", "implementer"))
        durable.secrets[got.task.id] = got.secret
        return got.task.id

    assert race(tmp_path / "store", durable, run) == Counter({f"r1.{n}": 1 for n in range(1, RACERS + 1)})


def test_of_two_people_who_approve_at_once_one_decides_and_the_other_learns_who(durable: Shop, tmp_path: Path) -> None:
    durable.begin()
    durable.waiting()
    said = [durable.approval("ana"), durable.approval("ben")]
    people = [durable.person("ana"), durable.person("ben")]

    def run(gateway: Gateway, number: int) -> str:
        gateway.perform(PerformCommand(people[number % 2], "r1", said[number % 2]))
        return "approved"

    ended = race(tmp_path / "store", durable, run)
    (decision,) = durable.task().decisions

    request = said[0].request
    told = f"12 {request} was decided already: {decision.by} approved release 0 s ago"
    assert ended == Counter({"approved": 1, told: RACERS - 1})
    assert durable.task().state is State.WORKING


@pytest.mark.parametrize("agent", ["agent:ana", "agent:ANA"])
def test_no_agent_takes_the_name_of_a_person_who_is_enrolled(shop: Shop, agent: str) -> None:
    shop.begin()

    with pytest.raises(BadInput, match=f"{agent} would be taken for human:ana") as refused:
        shop.claim(agent=agent)
    assert "--name" in refused.value.hint
    assert shop.lease() is None
    assert shop.claim(agent="agent:anabel").task == "r1"


def test_a_person_is_enrolled_under_an_agents_name_and_the_agent_keeps_what_it_has_but_takes_nothing_new(
    shop: Shop,
) -> None:
    shop.begin()
    shop.begin(run="r2")
    agent = shop.claim(agent="agent:zoe")
    known = replace(enrolled("zoe", ("approvers",)), by="human:ana", cost=LEAST_COST)
    shop.gateway.perform(RecordStoreEvent(shop.person(), known))

    shop.gateway.perform(Heartbeat(agent))
    with pytest.raises(BadInput, match="would be taken for human:zoe"):
        shop.claim(agent="agent:zoe")
