"""A world of its own for each test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from onloop.access.verifier_process import _STARTS, is_verifier_up
from onloop.home import Home
from support.far_machines import Far, far_away
from support.waiting import wait_for
from support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    end_verifier(made)


@pytest.fixture
def far(world: World) -> Iterator[Far]:
    """A gateway behind TLS that reaches a private origin, and a machine that reaches the gateway alone."""
    with far_away(world) as made:
        yield made


def end_verifier(world: World) -> None:
    """End the verifiers that were started along the way, those too that wait for another one's place."""
    log = world.store.parent / "logs" / "verifier.log"
    if not log.exists():
        return

    def ended() -> bool:
        found = list(_verifiers(world.store))
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        return not found

    wait_for(ended, lambda: f"verifiers {list(_verifiers(world.store))} do not end")
    for process, _ in _STARTS.pop(world.store).running if world.store in _STARTS else ():
        process.wait()  # a test that started one itself is its parent, and nobody else collects it


def _verifiers(store: Path) -> Iterator[int]:
    """The verifiers of a store that are up or coming up, by what they were started with, or else by their lock."""
    if not Path("/proc/self/cmdline").exists():
        if is_verifier_up(Home(store)):
            yield int((store / "verifier.lock").read_text())
        return
    words = b"\0".join([b"verifier", b"--store", os.fsencode(store), b""])
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if words in (process / "cmdline").read_bytes():
                yield int(process.name)
