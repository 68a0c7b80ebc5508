"""`onloop serve` as a process that may be killed and started again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from onloop.errors import OnloopError
from onloop.home import Home
from onloop.remote.unix_socket import connected
from support.waiting import DEADLINE_S, wait_for
from support.world import World


def started(world: World) -> subprocess.Popen[str]:
    """A resident gateway that answers."""
    command = [sys.executable, "-m", "onloop.cli.entry", "serve"]
    process = subprocess.Popen(command, env=world.environment, stderr=subprocess.PIPE, text=True, cwd=world.folder)
    wait_for(lambda: process.poll() is not None or is_served(world), lambda: "serve does not come up")
    assert process.poll() is None, process.communicate()[1]
    return process


def is_served(world: World) -> bool:
    """Whether a gateway answers."""
    try:
        connected(Home(world.store).socket, 5, world.store).close()
    except OnloopError:
        return False
    return True


@contextmanager
def serving(world: World) -> Iterator[subprocess.Popen[str]]:
    """A resident gateway that is up in the block and stops when it is told to."""
    process = started(world)
    try:
        yield process
    finally:
        process.terminate()
        said = process.communicate(timeout=DEADLINE_S)[1]
        assert process.returncode == 0, said
        assert "trouble" not in said, said
