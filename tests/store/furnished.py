"""A store with something in every table: what tamperings, faults and round trips are tried on."""

from __future__ import annotations

from pathlib import Path

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import KeepBaseResult, KeepContent, RecordStoreEvent
from onloop.machine.base_result import BaseResult
from onloop.machine.commands import Cancel
from onloop.machine.launchers import Grant, LauncherMinted
from onloop.machine.links import Link, LinkKind, RecordLink
from onloop.machine.principal import EFFECTS
from onloop.machine.schedules import Schedule, ScheduleAdopted, ScheduledStart
from onloop.machine.task import Evidence, Verdict
from onloop.machine.worker_slots import SlotsTold
from onloop.store.codec import to_text
from onloop.store.rows import (
    CallRow,
    Delivery,
    DeliveryBody,
    EnvironmentRow,
    FiringRow,
    LastHour,
    LauncherUse,
    ReadingSession,
    TriggerSubject,
    WorkerRow,
)
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
    return furnish(Shop(SqliteStore(folder)))


def furnish(shop: Shop) -> Shop:
    """The same in a store that somebody has opened."""
    shop.fleet(3)
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


def let_in(shop: Shop) -> None:
    """Somebody over the network: a launcher that was here, and a person who reads."""
    ana, now = shop.person(), shop.clock()
    grant = Grant(("implementer",), ("billing",), now + MINUTE)
    shop.gateway.perform(RecordStoreEvent(ana, LauncherMinted("farm", "f" * 64, grant, ana.id, now)))
    shop.store.transact(lambda tx: tx.put(LauncherUse("farm", now)))
    shop.fleet(3, max_parallel=2, run="r6", sizes=(2, 1))
    shop.claim("r6.1", agent="agent:of-a-wave")
    shop.store.transact(lambda tx: tx.put(ReadingSession("e" * 64, "ana", "k" * 64, now, now + MINUTE)))
    shop.store.transact(lambda tx: tx.put(LastHour("human:ana", "[]")))
    clockwork(shop)
    pull = Link(LinkKind.PULL_REQUEST, "github.com", "acme/billing", 7, "https://github.com/acme/billing/pull/7")
    shop.gateway.perform(PerformCommand(EFFECTS, "r1.1", RecordLink(pull)))
    worker = WorkerRow("farm-1", "farm", "launcher:farm", "here", "implementer", 2, to_text(SlotsTold()), now, now)
    shop.store.transact(lambda tx: tx.put(worker))
    made = EnvironmentRow("e1", "r1.3", "r1", "clone", "here", "launcher:farm", now, now, "{}")
    shop.store.transact(lambda tx: tx.put(made))
    taken = Delivery("f1", "github", "g-1", "issues.labeled", "5" * 64, now, "waiting", now, 0, 1, "")
    shop.store.transact(lambda tx: tx.put(taken))
    shop.store.transact(lambda tx: tx.put(DeliveryBody("f1", "{}", "{}")))
    shop.store.transact(lambda tx: tx.put(TriggerSubject("f2", "acme/shop#5", "fix", "r1", "", now, "f1")))


def clockwork(shop: Shop) -> None:
    """A schedule with a firing, and a call."""
    ana = shop.person()
    nightly = Schedule("nightly", "30 2 * * *", "UTC", ScheduledStart("feature"))
    shop.gateway.perform(RecordStoreEvent(ana, ScheduleAdopted(nightly, ana.id, "agreed")))
    shop.store.transact(lambda tx: tx.put(FiringRow("nightly|1", "nightly", 1, "skipped", "", "", 0, 0, "", 0, 1)))
    called = CallRow("c1", "all", "ab12", 0, "ana", "mail", "sent", 1, 2, 3, 0, "m1", 1, 0, "")
    shop.store.transact(lambda tx: tx.put(called))
