"""How many tasks of a fleet are worked on at once: in all, for each host, for each owner; rows, never counts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.shop import LAUNCHER, Shop
from onloop.errors import Refused
from onloop.gateway.claims import ClaimTask, TakeTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.service import Gateway
from onloop.identity.resolution import agent_from_token
from onloop.machine import commands as c
from onloop.machine.state import Reason
from onloop.machine.wave_plan import SlotLimits
from onloop.store.memory import MemoryStore
from onloop.store.port import Store, TaskFilter
from onloop.store.rows import WorkSlot
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.views.effective_status import effective_statuses
from onloop.views.work_scopes import HERE, host_of
from store.writers import together
from support.team_store import opened_team_store, team_database, team_server
from support.waiting import DEADLINE_S

HOSTS = ("https://forge.example/a/{n}.git", "git@other.example:a/{n}.git", "/srv/{n}.git")


def of_hosts(number: int) -> dict[str, str]:
    return {"origin": HOSTS[number % 3].format(n=number), "repo_owner": "web" if number % 2 else "data"}


def held(shop: Shop) -> list[str]:
    with shop.store.reading() as at:
        return [task.id for task in at.tasks(TaskFilter(run="r1")) if task.holder is not None]


def release(shop: Shop, task: str) -> None:
    agent = shop.agent(shop.secrets[task])
    said = c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)
    shop.gateway.perform(PerformCommand(agent, task, said))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://Forge.example:8443/a/b.git", "forge.example:8443"),
        ("ssh://git@forge.example/a.git", "forge.example"),
        ("git@forge.example:a/b.git", "forge.example"),
        ("/srv/a.git", HERE),
        ("file:///srv/a.git", HERE),
    ],
)
def test_the_host_of_an_origin(origin: str, host: str) -> None:
    assert host_of(origin) == host


def test_no_more_of_a_host_is_worked_on_than_the_fleet_says_and_each_end_makes_room(shop: Shop) -> None:
    shop.fleet(9, limits=SlotLimits(per_host=2), each=of_hosts)

    for _ in range(6):
        shop.claim()
    assert Counter(host_of(shop.task(task).origin or "") for task in held(shop)) == {
        "forge.example": 2,
        "other.example": 2,
        HERE: 2,
    }
    with pytest.raises(Refused, match="no free slot"):
        shop.claim()
    with pytest.raises(Refused, match="no free slot"):
        shop.claim("r1.9")
    release(shop, "r1.3")
    assert shop.claim("r1.9").task == "r1.9"
    shop.check_rows()


def test_no_more_of_an_owner_is_worked_on_than_the_fleet_says(shop: Shop) -> None:
    shop.fleet(6, limits=SlotLimits(per_owner=1), each=of_hosts)

    assert {shop.claim().task, shop.claim().task} == {"r1.1", "r1.2"}
    with pytest.raises(Refused, match="no free slot"):
        shop.claim()


def test_whatever_ends_a_lease_frees_its_slots(shop: Shop) -> None:
    shop.fleet(3, max_parallel=1, limits=SlotLimits(per_host=1, per_owner=1), each=of_hosts)
    agent = shop.claim("r1.1")
    shop.gateway.perform(PerformCommand(agent, "r1.1", c.Fail(agent.id, agent.epoch, "no")))
    shop.claim("r1.2")
    shop.cancel("r1.2")
    shop.claim("r1.3")
    shop.later(3_600_000)
    shop.want()

    with shop.store.reading() as at:
        assert {slot.lease for slot in at.select(WorkSlot)} == {""}
    shop.check_rows()


def test_a_person_takes_what_is_held_with_its_slot_and_nothing_beyond_the_limit(shop: Shop) -> None:
    shop.fleet(2, max_parallel=1)
    shop.claim("r1.1")

    with pytest.raises(Refused, match="no free slot"):
        shop.gateway.perform(TakeTask(shop.person(), "r1.2"))
    taken = shop.gateway.perform(TakeTask(shop.person(), "r1.1"))
    shop.secrets["r1.1"] = taken.secret
    assert taken.task.holder == "human:ana"
    with shop.store.reading() as at:
        assert [slot.lease for slot in at.select(WorkSlot)] == ["r1.1"]


def test_what_has_no_slot_says_so(shop: Shop) -> None:
    shop.fleet(3, limits=SlotLimits(per_host=1), each=lambda n: {"origin": f"https://h{n // 3}.example/a.git"})
    shop.claim("r1.1")

    with shop.store.reading() as at:
        found = effective_statuses(at, at.tasks(TaskFilter(run="r1")), shop.clock())
    assert (found["r1.2"].reason, found["r1.3"].reason) == (Reason.NO_SLOT, Reason.READY)


def test_a_run_that_was_begun_before_there_were_slots_is_held_to_its_limit(shop: Shop) -> None:
    shop.fleet(4, max_parallel=2)
    shop.claim("r1.1")
    with shop.store.reading() as at:
        known = [slot.id for slot in at.select(WorkSlot)]
    for slot in known:
        shop.store.transact(lambda tx, slot=slot: tx.delete(WorkSlot, slot))  # type: ignore[misc]

    shop.claim("r1.2")
    with pytest.raises(Refused, match="no free slot"):
        shop.claim("r1.3")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Store]]:
    """The same store four times, as four gateways have it open."""
    with ExitStack() as open_now:
        if request.param == "memory":
            yield [MemoryStore()] * 4
            return
        if request.param == "postgres":
            database = team_database()
            open_now.callback(team_server().execute, f"DROP DATABASE {database} WITH (FORCE)")
            opened: list[Store] = [opened_team_store(database, tmp_path) for _ in range(4)]
        else:
            create_store(tmp_path / "store")
            opened = [SqliteStore(tmp_path / "store") for _ in range(4)]
        for store in opened:
            open_now.callback(store.close)
        yield list(opened)


def test_however_many_claim_at_once_there_is_never_one_too_many(stores: list[Store]) -> None:
    shop = Shop(stores[0])
    shop.fleet(12, max_parallel=3, limits=SlotLimits(per_host=2), each=of_hosts)
    met, seen = threading.Barrier(len(stores), timeout=DEADLINE_S), list[Counter[str]]()

    def work(number: int) -> None:
        gateway = Gateway(stores[number], shop.clock)
        met.wait()
        for turn in range(6):
            try:
                got = gateway.perform(ClaimTask(LAUNCHER, f"agent:w{number}-{turn}", "implementer"))
            except Refused:
                continue
            with stores[number].reading() as at:
                now = [task for task in at.tasks(TaskFilter(run="r1")) if task.holder is not None]
                seen.append(Counter(["all"] * len(now) + [host_of(task.origin or "") for task in now]))
                agent = agent_from_token(at, got.secret)
            said = c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)
            gateway.perform(PerformCommand(agent, got.task.id, said))

    assert together(*(lambda n=n: work(n) for n in range(len(stores)))) == []

    assert seen and max(counts["all"] for counts in seen) <= 3
    assert max(count for counts in seen for host, count in counts.items() if host != "all") <= 2
    with stores[0].reading() as at:
        assert {slot.lease for slot in at.select(WorkSlot)} == {""}
    shop.check_rows()
