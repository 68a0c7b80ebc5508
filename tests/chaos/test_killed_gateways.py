"""Gateways are killed while clients claim and release: nothing acknowledged is lost, and nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.gateways import GatewayProcess
from chaos.labourers import Gang, Way
from chaos.storms import check_storm, killing, stormed
from chaos.weathered import begun
from onloop.home import Home
from onloop.store.sqlite.database import SqliteStore
from onloop.store.sqlite.inspection import inspect
from support.world import World


def _on_a_file(folder: Path, kills: int, processes: int, each: int) -> None:
    world = World(folder)
    world.init()
    home = Home(world.store)
    store = SqliteStore(world.store, home.anchor)
    gang = Gang(folder, [Way(str(home.socket), str(world.store))], begun(store, 8))
    store.close()
    gateways = [GatewayProcess(world.environment, home.socket, world.store, folder=folder)]
    gateways[0].start()
    gang.start(processes, each)
    history = stormed(gateways, gang, kills, killing(gateways))
    store = SqliteStore(world.store, home.anchor)
    check_storm(history, store)
    assert inspect(store).problems == ()
    store.close()


def test_what_a_killed_gateway_of_a_file_acknowledged_happened_once(tmp_path: Path) -> None:
    _on_a_file(tmp_path, 2, 2, 8)


@pytest.mark.soak
def test_fifty_kills_of_a_gateway_of_a_file(tmp_path: Path) -> None:
    _on_a_file(tmp_path, 50, 4, 16)
