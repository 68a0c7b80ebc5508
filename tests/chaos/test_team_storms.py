"""Two gateways, one database, 64 clients; gateways die, backends end and connections break around COMMIT."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chaos.cutting_proxy import Cut, cutting
from chaos.gateways import GatewayProcess
from chaos.labourers import Gang, Way
from chaos.storms import check_storm, killing, stormed
from chaos.team import Team
from chaos.weathered import begun
from support.listening import Authority
from support.postgres_server import PostgresServer, postgres_server
from support.world import ROOT

if not [*(ROOT / "core/onloop/store/postgres").glob("*.sql")]:
    pytest.skip("no store on PostgreSQL yet", allow_module_level=True)

CUTS = tuple(set(Cut) - {Cut.NOT})


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as made:
        yield made


@pytest.fixture
def team(server: PostgresServer, tmp_path: Path) -> Team:
    return Team(server, tmp_path)


def _gang(
    team: Team,
    gateways: Sequence[GatewayProcess],
    processes: int,
    each: int,
    ways: Sequence[Way] = (),
    bearers: Sequence[str] = (),
) -> Gang:
    store = team.opened()
    tasks = begun(store, 16)
    store.close()
    for gateway in gateways:
        gateway.launch()
    for gateway in gateways:
        gateway.await_answer()
    sockets = [Way(str(gateway.socket), str(gateway.store)) for gateway in gateways]
    gang = Gang(team.folder, ways or sockets, tasks, bearers=bearers)
    gang.start(processes, each)
    return gang


def _check(team: Team, history: list) -> None:  # type: ignore[type-arg]
    store = team.opened()
    check_storm(history, store)
    store.close()
    verified = team.world(-1).onloop("store", "verify", "--json", env={"ONLOOP_STORE": team.url})
    found = [problem for problem in verified.json["problems"] if not problem.startswith("pinned ")]
    assert found == [], verified.err  # but for the workflow, which no file says


def _killed(team: Team, kills: int, processes: int, each: int) -> None:
    """Clients work over HTTPS, at whichever gateway is up, with a token for each process."""
    authority = Authority(team.folder)
    doors = [team.door(number, authority) for number in (0, 1)]
    gateways, tokens = [gateway for gateway, _ in doors], [team.launcher(f"farm{n}") for n in range(processes)]
    ways = [Way(url=url, ca=str(authority.file)) for _, url in doors]
    gang = _gang(team, gateways, processes, each, ways, tokens)
    _check(team, stormed(gateways, gang, kills, killing(gateways)))


def _terminated(team: Team, blows: int, processes: int, each: int) -> int:
    gateways, ended = [team.gateway(0), team.gateway(1)], 0
    gang = _gang(team, gateways, processes, each)
    with team.superuser() as superuser:

        def strike(chance: random.Random) -> None:
            nonlocal ended
            ended += team.terminate(superuser, chance)

        history = stormed(gateways, gang, blows, strike, may_complain=True)
    _check(team, history)
    return ended


def _cut(team: Team, cuts: int, processes: int, each: int) -> None:
    """Each connection that commits is cut with a chance of one in eight, wherever a cut can be."""
    chance = random.Random(11)  # noqa: S311 - chance makes tests here
    is_raging = False

    def choose() -> Cut:
        return chance.choice(CUTS) if is_raging and chance.random() < 1 / 8 else Cut.NOT

    with cutting(team.socket, choose) as proxy:
        gateways = [team.gateway(number, team.through(proxy.port)) for number in (0, 1)]
        gang = _gang(team, gateways, processes, each)
        is_raging, blow = True, 10
        history = stormed(gateways, gang, cuts // blow, lambda _: proxy.await_cuts(blow), may_complain=True)
        is_raging = False
        assert sum(proxy.made[cut] for cut in CUTS) >= cuts
        assert min(proxy.made[cut] for cut in CUTS) > 0, "each kind was met"
    _check(team, history)


def test_what_killed_gateways_of_a_team_acknowledged_happened_once(team: Team) -> None:
    _killed(team, 2, 2, 8)


def test_what_was_committed_when_backends_ended_happened_once(team: Team) -> None:
    assert _terminated(team, 10, 2, 8) >= 7


def test_a_connection_that_is_cut_around_a_commit_neither_loses_nor_repeats_it(team: Team) -> None:
    _cut(team, 30, 2, 8)


@pytest.mark.soak
def test_two_hundred_kills(team: Team) -> None:
    _killed(team, 200, 4, 16)


@pytest.mark.soak
def test_a_thousand_ended_backends(team: Team) -> None:
    assert _terminated(team, 1_200, 4, 16) >= 1_000


@pytest.mark.soak
def test_a_thousand_cuts(team: Team) -> None:
    _cut(team, 1_000, 4, 16)
