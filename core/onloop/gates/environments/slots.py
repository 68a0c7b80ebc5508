"""What gates of one machine must not have twice at the same time: a number, its ports, and what `exclusive` names."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from onloop import file_lock
from onloop.errors import Unavailable
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.repository.folders import private

MOST_SLOTS = 200
FIRST_PORT = 21_000
PORTS = 50
"""How many gates run at the same time at most, the first port of the first slot, and how many ports each slot has."""


@contextmanager
def slot(folder: Path) -> Iterator[int]:
    """The lowest number that no other gate of the store has, from 0; it is free again after the block."""
    private(folder)
    for number in range(MOST_SLOTS):
        handle = file_lock.open_file(folder / str(number))
        try:
            if file_lock.try_now(handle):
                yield number
                return
        finally:
            os.close(handle)
    raise Unavailable(
        f"{MOST_SLOTS} gates are running in this store", hint="run fewer at a time: onloop verifier --jobs"
    )


@contextmanager
def turn(folder: Path, word: str, stop: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other gate of the store runs that says `exclusive: word`; GateStopped if `stop` says so first."""
    if not word:
        yield
        return
    private(folder)
    handle = file_lock.open_file(folder / word)
    try:
        while not file_lock.try_now(handle):
            if stop():
                raise GateStopped(
                    f"the gate was ended while it waited for {word!r}", hint="run it again if it is needed"
                )
            time.sleep(file_lock.PAUSE_S)
        yield
    finally:
        os.close(handle)


def slot_variables(number: int) -> Mapping[str, str]:
    """What tells a gate its slot, and which ports of the machine are its own."""
    first = FIRST_PORT + number * PORTS
    return {"ONLOOP_SLOT": str(number), "ONLOOP_PORT_BASE": str(first), "ONLOOP_PORT_COUNT": str(PORTS)}
