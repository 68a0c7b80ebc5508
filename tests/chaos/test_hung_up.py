"""Whoever hangs up while they wait may have been answered elsewhere: nothing happens behind their back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chaos.labourers import Way
from chaos.team import Team
from chaos.weathered import begun
from onloop.errors import Unavailable
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.machine.principal import launcher
from onloop.remote.connection import Connection
from onloop.remote.http.door_settings import DoorLimits
from onloop.remote.server import WRITES_OF_ONE
from support.listening import Authority
from support.team_store import team_server
from support.waiting import wait_for

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(team_server(), tmp_path)
    yield made
    team_server().execute(f"DROP DATABASE {made.database} WITH (FORCE)")


def test_what_waited_at_the_door_for_somebody_who_hung_up_is_not_begun(team: Team) -> None:
    busy = DoorLimits().lines_of_one  # whoever comes after them waits at the door itself
    store, authority = team.opened(), Authority(team.folder)
    begun(store, 2)
    store.close()
    gateway, url = team.door(0, authority)
    gateway.start()
    token = team.launcher()

    def asked(task: str, agent: str, answer_s: float = 60.0) -> ClaimGranted:
        line = Way(url=url, ca=str(authority.file), bearer=token).line(answer_s)
        try:
            return line.ask(ClaimTask(launcher("far"), f"agent:{agent}", "r", task, key=f"key-of-{agent}-0123456789"))
        finally:
            line.close()

    with team.holding("t0") as release, team.superuser() as superuser, ThreadPoolExecutor(busy + 1) as pool:
        working = [pool.submit(asked, "t0", f"busy{number}") for number in range(busy)]
        wait_for(
            lambda: superuser.execute(WAITING, (team.database,)).fetchone() == (WRITES_OF_ONE,),
            lambda: "they do not wait for the run",
        )
        with pytest.raises(Unavailable, match="has not answered"):
            asked("t1", "gone", answer_s=1.0)
        later = pool.submit(asked, "t1", "later")
        release()
        assert later.result().task.holder == "agent:later"
        assert sum(each.exception() is None for each in working) == 1
    gateway.stop()


def test_what_waited_for_somebody_who_hung_up_is_not_begun(team: Team) -> None:
    store = team.opened()
    begun(store, 2)
    store.close()
    gateway = team.gateway(0)
    gateway.start()

    def asked(task: str, agent: str, answer_s: float = 60.0) -> ClaimGranted:
        line = Connection(gateway.socket, gateway.store, patience=(), answer_s=answer_s)
        try:
            return line.ask(ClaimTask(launcher("chaos"), f"agent:{agent}", "r", task, key=f"key-of-{agent}-0123456789"))
        finally:
            line.close()

    with team.holding("t0") as release, team.superuser() as superuser, ThreadPoolExecutor(3) as pool:
        busy = [pool.submit(asked, "t0", f"busy{number}") for number in range(WRITES_OF_ONE)]
        wait_for(
            lambda: superuser.execute(WAITING, (team.database,)).fetchone() == (WRITES_OF_ONE,),
            lambda: "they do not wait for the run",
        )
        with pytest.raises(Unavailable, match="has not answered"):
            asked("t1", "gone", answer_s=0.3)
        later = pool.submit(asked, "t1", "later")
        release()
        assert later.result().task.holder == "agent:later"
        assert sum(each.exception() is None for each in busy) == 1
    gateway.stop()
