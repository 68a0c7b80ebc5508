"""A world of its own for each test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from onloop.gateway.home import Home
from onloop.gateway.presence import is_verifier_up
from world import World, wait_for


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    _end_verifier(made)


def _end_verifier(world: World) -> None:
    """End the verifier that was started along the way: its lock names it, once it is up."""
    lock, log = world.store / "verifier.lock", world.store.parent / "logs" / "verifier.log"
    if not log.exists():
        return
    named = _named(lock)
    if named is not None:
        with suppress(ProcessLookupError):
            os.kill(named, signal.SIGTERM)
        home = Home(world.store)
        wait_for(lambda: not is_verifier_up(home), lambda: f"verifier {named} does not end")


def _named(lock: Path) -> int | None:
    try:
        text = wait_for(lambda: lock.exists() and lock.read_text(), lambda: "no verifier came up", deadline_s=5)
    except AssertionError:
        return None
    return int(text)
