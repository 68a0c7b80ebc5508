"""A store with something in every table: what tamperings, faults and round trips are tried on."""

from __future__ import annotations

from pathlib import Path

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import KeepBaseResult, KeepContent
from onloop.machine.base_result import BaseResult
from onloop.machine.commands import Cancel
from onloop.machine.task import Evidence, Verdict
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.views.sub_agents import SubAgentNews
from support.steps import MINUTE

RED_BASE = (
    "b" * 64,
    BaseResult(Evidence("tests", Verdict.FAIL, "1 failed", "a", "b", "a", "d", "verifier:v1", 7), ("t.py::test_x",), 3),
)


def furnished(folder: Path) -> Shop:
    """A shop whose store has runs at every stage: waiting, claimed, judged, asked about, ended; and a freeze."""
    create_store(folder)
    shop = Shop(SqliteStore(folder))
    shop.fleet(3, max_parallel=2)
    shop.submit(shop.claim("r1.1"), key="first")
    shop.later(MINUTE)
    shop.report("r1.1")
    shop.gateway.perform(KeepContent(b"what a gate printed"))
    shop.gateway.perform(KeepBaseResult(*RED_BASE))
    for run in ("r2", "r3"):
        shop.begin(run=run)
        shop.waiting(run)
        shop.later(MINUTE)
    shop.gateway.perform(PerformCommand(shop.person(), "r3", Cancel(shop.voice(), "not needed"), key="second"))
    shop.begin(run="r4")
    shop.submit(shop.claim("r4"))
    bravo = shop.claim("r1.2", agent="agent:bravo")
    shop.gateway.perform(Heartbeat(bravo, news=(SubAgentNews("a1", "Explore", "looks for callers"),)))
    shop.freeze("run:r4")
    return shop
