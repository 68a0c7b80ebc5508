"""64 who claim under one launcher's limit, at one database: never more than it at a time, few tries in vain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaos.weathered import begun
from gateway.letting_in import let_in
from gateway.shop import Clock, Shop
from onloop.access.opening import wall_clock
from onloop.errors import Refused
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.credential_operations import RecogniseLauncher
from onloop.gateway.service import Gateway
from onloop.machine.commands import Release, ReleaseCause
from onloop.machine.principal import Principal, PrincipalKind
from onloop.store.rows import Lease
from support.team_store import opened_team_store, team_database, team_server

if TYPE_CHECKING:
    from onloop.store.postgres.postgres_store import PostgresStore

CLAIMERS, AT_MOST, TASKS = 64, 8, 32


@pytest.fixture
def database() -> Iterator[str]:
    name = team_database()
    yield name
    team_server().execute(f"DROP DATABASE {name} WITH (FORCE)")


def _counted(store: PostgresStore, runs: list[int]) -> PostgresStore:
    """The store, which counts how often bodies are run."""
    once = store._once

    def counting(*given: object, **more: object) -> object:
        runs[0] += 1
        return once(*given, **more)  # type: ignore[arg-type]

    store._once = counting  # type: ignore[method-assign,assignment]
    transact = store.transact

    def asked(body: Callable[..., object], *, about: str = "") -> object:
        runs[1] += 1
        return transact(body, about=about)

    store.transact = asked  # type: ignore[method-assign,assignment]
    return store


def _claimer(store: PostgresStore, secret: str, name: str, rounds: int) -> tuple[int, int]:
    """How often somebody got a task and gave it back, and how often there was none for them."""
    gateway, got, refused = Gateway(store, wall_clock), 0, 0
    launcher = gateway.perform(RecogniseLauncher(secret))
    for number in range(rounds):
        agent = f"{name}-{number}"
        try:
            claim = gateway.perform(ClaimTask(launcher, f"agent:{agent}", "r"))
        except Refused:
            refused += 1
            continue
        who = Principal(PrincipalKind.AGENT, agent, claim.task.id, claim.task.epoch, claim.task.step or "")
        gateway.perform(PerformCommand(who, claim.task.id, Release(who.id, who.epoch, ReleaseCause.STOPPED)))
        got += 1
    return got, refused


def _most_at_once(store: PostgresStore, over: threading.Event) -> int:
    """The most leases that any moment of the store had, until it is over."""
    most = 0
    while not over.is_set():
        with store.reading() as at:
            most = max(most, len(at.select(Lease)))
    return most


def _storm(database: str, folder: Path, rounds: int) -> None:
    first = opened_team_store(database, folder)
    begun(first, TASKS)
    secret = let_in(Shop(first, Clock(wall_clock())), roles=("r",), at_most=AT_MOST)
    runs, over = [0, 0], threading.Event()
    stores = [_counted(opened_team_store(database, folder), runs) for _ in range(CLAIMERS)]
    with ThreadPoolExecutor(CLAIMERS + 1) as pool:
        watching = pool.submit(_most_at_once, first, over)
        working = [pool.submit(_claimer, store, secret, f"a{n}", rounds) for n, store in enumerate(stores)]
        try:
            told = [each.result() for each in working]
        finally:
            over.set()
        most = watching.result()
    for store in (*stores, first):
        store.close()
    got = sum(granted for granted, _ in told)
    assert got > rounds * CLAIMERS // 20, told
    assert 1 < most <= AT_MOST
    again = (runs[0] - runs[1]) / runs[1]
    assert again < 0.05, f"{runs[0]} runs of {runs[1]} bodies: {again:.1%} were run again"


def test_sixty_four_claimers_never_hold_more_than_their_launchers_limit(database: str, tmp_path: Path) -> None:
    _storm(database, tmp_path, 4)


@pytest.mark.soak
def test_sixty_four_claimers_for_long(database: str, tmp_path: Path) -> None:
    _storm(database, tmp_path, 200)
