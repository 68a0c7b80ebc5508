"""Several resident gateways of one database: each with few connections, and together as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from gateway.served import Serving, line_to, prove_people, starting
from gateway.shop import Clock, Shop
from onloop.access.opening import borrowing
from onloop.errors import Exit, Refused, Unavailable
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.jobs import TakeJob
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import FireTimers, RecordStoreEvent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.principal import launcher, verifier
from onloop.machine.store_state import Frozen
from onloop.opened_store import make_store, store_pool
from onloop.remote.client import ClientStore, GatewayClient
from onloop.store.postgres.postgres_store import PostgresStore
from onloop.store.rows import Job, TimerRow
from support.postgres_server import GATEWAY, postgres_server
from support.steps import HOUR, MINUTE
from support.team_store import opened_team_store, team_database, team_server
from support.waiting import DEADLINE_S, wait_for

MOST_CONNECTED = 4


@dataclass
class Team:
    """A database, a shop that looks at it directly, and the gateways that serve it."""

    database: str
    shop: Shop
    folder: Path
    gateways: list[Serving]
    homes: list[Home]

    def client(self, number: int) -> GatewayClient:
        """A caller of one of the gateways, who has proved nothing."""
        home = self.homes[number % len(self.homes)]
        line = line_to(home)
        return GatewayClient(line, ClientStore(line), self.shop.clock)

    def connections(self) -> int:
        """How many connections the database has, those of the test left out."""
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'onloop %%'"
        with psycopg.connect(team_server().url("postgres", "postgres")) as link:
            row = link.execute(asked, (self.database,)).fetchone()
        assert row is not None
        return int(row[0]) - 1


@contextmanager
def team_of(folder: Path, count: int) -> Iterator[Team]:
    """So many gateways of one new database, each in a folder of its own."""
    database = team_database()
    store = opened_team_store(database, folder)
    shop = Shop(store, Clock())
    url = team_server().url(database, GATEWAY)
    homes = [Home(folder / str(number) / "store", database=url) for number in range(count)]
    try:
        with ExitStack() as leaving:
            for home in homes:
                home.store.mkdir(parents=True, mode=0o700)
            gateways = [leaving.enter_context(starting(home, shop.clock)) for home in homes]
            for gateway in gateways:
                if gateway.running.done():
                    gateway.running.result()
            yield Team(database, shop, folder, gateways, homes)
            assert [word for gateway in gateways for word in gateway.words if word.startswith("trouble")] == []
        shop.check()
    finally:
        store.close()
        team_server().execute(f"DROP DATABASE {database} WITH (FORCE)")


def test_each_task_is_claimed_once_however_many_ask_whichever_gateway_and_over_few_connections(tmp_path: Path) -> None:
    with team_of(tmp_path, 2) as team:
        for number in range(16):
            team.shop.begin(run=f"r{number}")

        def claim(number: int) -> str:
            gateway = team.client(number)
            try:
                got = gateway.perform(ClaimTask(launcher("t"), f"agent:a{number}", "implementer"))
                team.shop.secrets[got.task.id] = got.secret
                return got.task.id
            except Refused as no:
                assert no.exit is Exit.NOTHING, no
                return ""
            finally:
                gateway.store.close()

        with ThreadPoolExecutor(24) as pool:
            got = Counter(pool.map(claim, range(24)))
        most = team.connections()

    assert got == Counter({"": 8, **{f"r{number}": 1 for number in range(16)}})
    assert 2 <= most <= 2 * MOST_CONNECTED


def test_a_freeze_that_one_gateway_answered_stops_what_the_other_is_asked(tmp_path: Path) -> None:
    with team_of(tmp_path, 2) as team:
        team.shop.begin()
        ana = team.client(0)
        prove_people(ana)
        person = ana.person("ana", "the passphrase of ana", typed=True)
        ana.perform(RecordStoreEvent(person, Frozen("all", person.id, "look first")))
        other = team.client(1)
        with pytest.raises(Refused, match="frozen"):
            other.perform(ClaimTask(launcher("t"), "agent:a", "implementer", "r1"))
        ana.store.close()
        other.store.close()


def test_what_comes_due_is_fired_by_whichever_gateway_is_up(tmp_path: Path) -> None:
    with team_of(tmp_path, 2) as team:
        team.shop.begin()
        agent = team.shop.claim()
        team.shop.gateway.perform(PerformCommand(agent, "r1", c.Fail(agent.id, agent.epoch, "hard")))
        assert timers(team.shop) == ["retry"]
        team.gateways[0].stop.set()
        assert team.gateways[0].running.result(DEADLINE_S) is True
        team.shop.later(HOUR)
        wait_for(lambda: timers(team.shop) == [], lambda: "nobody fires it")


def test_a_database_that_is_gone_is_said_once_and_comes_back_by_itself(tmp_path: Path) -> None:
    with postgres_server() as server:
        name = server.database()
        make_store(Home(tmp_path, database=server.url(name)), GATEWAY)
        home = Home(tmp_path / "store", database=server.url(name, GATEWAY))
        home.store.mkdir(mode=0o700)
        with starting(home, Clock()) as gateway:
            line = line_to(home)
            client = GatewayClient(line, ClientStore(line), Clock())
            assert client.perform(FireTimers()) == 0
            server.stop()
            with pytest.raises(Unavailable):
                client.perform(FireTimers())
            wait_for(lambda: len(gateway.words) > 1, lambda: "nothing is said")
            server.start()
            wait_for(lambda: _answers(client), lambda: "it does not come back")
            said = [word for word in gateway.words if word.startswith("trouble")]
            assert len(said) == len(set(said)), said
            line.close()


def test_the_runners_of_a_verifier_share_three_connections(tmp_path: Path) -> None:
    with team_of(tmp_path, 0) as team:
        home = Home(tmp_path / "store", database=team_server().url(team.database, GATEWAY))
        home.store.mkdir(mode=0o700)
        stores = store_pool(home)

        def look(_: int) -> None:
            opened = borrowing(home, stores)
            for _ in range(5):
                opened.gateway.perform(TakeJob(verifier("v"), MINUTE, effects=False))
            opened.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(look, range(8)))
        assert 1 <= team.connections() <= 3
        stores.close()


def timers(shop: Shop) -> list[str]:
    """The timers that wait."""
    with shop.store.reading() as at:
        return [row.kind for row in at.select(TimerRow)]


def _answers(client: GatewayClient) -> bool:
    try:
        return client.perform(FireTimers()) == 0
    except Unavailable:
        return False


def test_effects_of_one_repository_are_under_way_one_at_a_time_whoever_takes_them(tmp_path: Path) -> None:
    database = team_database()
    stores = [opened_team_store(database, tmp_path) for _ in range(5)]
    shop = Shop(stores[0], Clock())
    for number in range(6):
        shop.begin(run=f"r{number}", origin=f"/srv/{number % 2}.git")
        shop.waiting(f"r{number}")
        shop.approve(task_id=f"r{number}")

    def take(store: PostgresStore) -> list[Job]:
        gateway = Gateway(store, shop.clock)
        asked = TakeJob(verifier(f"v{id(store)}"), MINUTE, effects=True)
        return [job for job in (gateway.perform(asked) for _ in range(6)) if job is not None]

    with ThreadPoolExecutor(4) as pool:
        taken = [job for jobs in pool.map(take, stores[1:]) for job in jobs]
    assert sorted(shop.task(job.task).origin or "" for job in taken) == ["/srv/0.git", "/srv/1.git"]
    for store in stores:
        store.close()
    team_server().execute(f"DROP DATABASE {database} WITH (FORCE)")
