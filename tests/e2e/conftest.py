"""A world of its own for each test."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    _end_verifier(made)


def _end_verifier(world: World) -> None:
    """A verifier that was started along the way holds its lock; the kernel says which process that is."""
    lock = world.store / "verifier.lock"
    if not lock.exists():
        return
    handle = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = int(lock.read_text() or 0)
        if pid:
            os.kill(pid, signal.SIGTERM)
            fcntl.flock(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)
