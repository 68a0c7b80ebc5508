"""Shops, each over a store of its own.

After each test everything that follows from the log is computed again and compared with what the store holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.over_http import served_over_http
from gateway.served import served
from gateway.shop import Clock, Shop
from onloop.access.opening import wall_clock
from onloop.home import Home
from onloop.insight.derivation import Derivation
from onloop.store.memory import MemoryStore
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect
from support.team_store import team_store

THROUGH_A_RESIDENT = {"test_service", "test_claims", "test_gallery", "test_keys", "test_messages", "test_sub_agents"}
"""The tests that are run through a resident gateway, too: with the file beside it, apart from it, and over HTTPS."""

NOT_OVER_HTTP = {
    "test_a_key_that_was_used_for_something_else_is_refused": "there, an agent learns of no task but its own",
    "test_what_a_claims_key_opens_is_its_principals_alone": "there, a launcher is what its token says, and no other",
    "test_ten_megabytes_are_refused_before_anything_is_stored": "there, the door refuses what is longer than 1 MiB",
}
"""What the door itself answers otherwise, and why."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A shop over each kind of store."""
    chosen = any(mark.args[:1] == ("shop",) for mark in metafunc.definition.iter_markers("parametrize"))
    if "shop" in metafunc.fixturenames and not chosen:
        name = metafunc.module.__name__.rpartition(".")[2]
        kinds = ["memory", "sqlite", "postgres", *(("served", "apart", "http") if name in THROUGH_A_RESIDENT else ())]
        if metafunc.function.__name__ in NOT_OVER_HTTP:
            kinds.remove("http")
        metafunc.parametrize("shop", kinds, indirect=True)
    if "direct" in metafunc.fixturenames:
        metafunc.parametrize("direct", ("memory", "sqlite", "postgres"), indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop over a kind of store, or behind a resident gateway."""
    if request.param in {"memory", "sqlite", "postgres"}:
        yield from shop_over(request.param, tmp_path)
        return
    for made in _durable(tmp_path / "store", Clock()):
        if request.param == "http":
            with served_over_http(Home(tmp_path / "store"), made):
                yield made
            continue
        with served(Home(tmp_path / "store"), made, apart=request.param == "apart"):
            yield made


@pytest.fixture
def direct(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop over a kind of store, with nobody in between."""
    yield from shop_over(request.param, tmp_path)


def shop_over(kind: str, folder: Path) -> Iterator[Shop]:
    """A shop over that kind of store, which is looked at afterwards."""
    if kind == "sqlite":
        yield from _durable(folder / "store", Clock())
        return
    if kind == "postgres":
        with team_store(folder) as store:
            made = Shop(store)
            yield made
            made.check()
        return
    made = Shop(MemoryStore())
    yield made
    made.check()


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Shop]:
    """A shop over a file, in `tmp_path / "store"`."""
    yield from _durable(tmp_path / "store", Clock())


@pytest.fixture
def today(tmp_path: Path) -> Iterator[Shop]:
    """A shop over a file whose clock begins now, for programs that look at the real one."""
    yield from _durable(tmp_path / "store", Clock(wall_clock()))


def _durable(folder: Path, clock: Clock) -> Iterator[Shop]:
    create_store(folder)
    store = SqliteStore(folder)
    made = Shop(store, clock)
    yield made
    made.check()
    found = inspect(store, Derivation(Home(folder))).problems
    assert [words for words in found if not words.startswith(_MADE_UP)] == []
    store.close()


_MADE_UP = ("pinned ", "mirror ")
"""A shop's workflow has no file, and its commits are in no mirror."""
