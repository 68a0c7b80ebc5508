"""Shops, each over a store of its own.

After each test everything that follows from the log is computed again and compared with what the store holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.shop import Clock, Shop
from onloop.gateway.opening import wall_clock
from onloop.store.memory import MemoryStore
from onloop.store.sqlite import SqliteStore, create_store


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop over each kind of store."""
    if request.param == "sqlite":
        yield from _durable(tmp_path / "store", Clock())
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
    store.close()
