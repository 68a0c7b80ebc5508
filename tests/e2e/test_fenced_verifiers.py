"""Two verifiers of one store, one of which was stopped for longer than its lease: it records and pushes nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from onloop.access.verifier_process import only_verifier
from onloop.home import Home
from onloop.records import replace
from onloop.store.port import Transaction
from onloop.store.rows import Job
from onloop.store.sqlite.database import SqliteStore
from support.merge_desk import approved, executing, merges
from support.waiting import DEADLINE_S, wait_for
from support.world import World

STOP = "kill -STOP $PPID"
LEASE_MS = 3_600_000


def _is_stopped(process: Popen[str]) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.fixture
def alone(world: World) -> Iterator[World]:
    """A world in which no verifier is started: those of the test are its only ones."""
    world.init()
    with only_verifier(Home(world.store)):
        yield world


def _run_out(world: World) -> None:
    """As if the hour of the lease were over."""
    store = SqliteStore(world.store)

    def end(tx: Transaction) -> None:
        (job,) = tx.select(Job)
        tx.put(replace(job, leased_until=1))

    store.transact(end)
    store.close()


@contextmanager
def stopped_at(world: World, point: str) -> Iterator[Popen[str]]:
    """A verifier that took the effect, and is stopped at a point of it."""
    process = executing(world, "stopped", LEASE_MS, point, STOP)
    try:
        wait_for(lambda: process.poll() is not None or _is_stopped(process), lambda: "it is not stopped")
        assert process.poll() is None
        _run_out(world)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("point", ["built", "recorded"])
def test_who_wakes_under_an_old_lease_records_nothing_and_pushes_nothing(alone: World, point: str) -> None:
    world = alone
    origin = world.origin()
    task = approved(world, origin)
    before = world.git(origin, "rev-parse", "main")
    with stopped_at(world, point) as stopped:
        other = executing(world, "other", LEASE_MS, "never", "true")
        assert other.communicate(timeout=DEADLINE_S)[0].startswith("done")
        assert (world.task(task)["state"], merges(world, origin)) == ("completed", 1)
        world.git(origin, "update-ref", "refs/heads/main", before)  # as people do who take it back
        os.kill(stopped.pid, signal.SIGCONT)
        said = stopped.communicate(timeout=DEADLINE_S)[0]

    assert said.startswith("not recorded: ") and "no longer asked for" in said
    assert world.git(origin, "rev-parse", "main") == before
    assert [e["name"] for e in world.onloop("log", task, "--json").json["events"]].count("EffectDone") == 1


def test_who_wakes_while_another_is_at_it_leaves_it_to_them(alone: World) -> None:
    world = alone
    origin = world.origin()
    task = approved(world, origin)
    with stopped_at(world, "recorded") as stopped:
        other = executing(world, "other", LEASE_MS, "moved", STOP)
        try:
            wait_for(lambda: _is_stopped(other), lambda: "nobody takes over")
            os.kill(stopped.pid, signal.SIGCONT)
            assert (
                "is not verifier:stopped's any more, but verifier:other" in stopped.communicate(timeout=DEADLINE_S)[0]
            )
            os.kill(other.pid, signal.SIGCONT)
            assert other.communicate(timeout=DEADLINE_S)[0].startswith("done")
        finally:
            other.kill()
            other.communicate()

    assert (world.task(task)["state"], merges(world, origin)) == ("completed", 1)
    assert world.onloop("store", "verify").code == 0
