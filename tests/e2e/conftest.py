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
    if _named(lock) is None:
        return
    home = Home(world.store)

    def ended() -> bool:
        """A second one, started at the same moment, may take the place of the first."""
        if is_verifier_up(home):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(lock.read_text()), signal.SIGTERM)
        return not is_verifier_up(home)

    wait_for(ended, lambda: f"verifier {lock.read_text()} does not end")


def _named(lock: Path) -> int | None:
    try:
        text = wait_for(lambda: lock.exists() and lock.read_text(), lambda: "no verifier came up", deadline_s=5)
    except AssertionError:
        return None
    return int(text)
