"""A resident gateway in a thread of the test's, and a shop whose hands reach the store through it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from gateway.shop import CHEAP, Shop, passphrase_of
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.port import GatewayPort
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine.task import Task
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import SubmitAnnounced
from onloop.remote.server import GatewayServer
from onloop.store.rows import Head
from onloop.views.changes import NOT_ASKED, Changes
from support.scenario import PEOPLE
from support.waiting import DEADLINE_S, wait_for


def message(operation: str, **fields: object) -> str:
    """A request as anybody could write it."""
    return json.dumps({"protocol": 2, "operation": operation, "fields": fields})


def _no_submission(_: Any, __: Arrival) -> tuple[Task, None]:
    raise AssertionError("nobody hands in by git here")


def _no_changes(_: str) -> Changes:
    return NOT_ASKED


@contextmanager
def resident(
    home: Home,
    clock: Callable[[], int],
    changes: Callable[[str], Changes] = _no_changes,
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]] = _no_submission,
    *,
    box_is_strong: bool = False,
) -> Iterator[list[str]]:
    """A resident gateway that is up in the block; what it said is handed out."""
    stop, words = threading.Event(), list[str]()
    gateway = GatewayServer(
        home,
        clock,
        stop.is_set,
        words.append,
        submit,
        changes,
        lambda: None,
        box_is_strong=lambda: box_is_strong,
        guessed=lambda uid, person: words.append(f"guesses: {uid} {person}"),
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(gateway.run)
        try:
            wait_for(lambda: words or running.done(), lambda: "it does not come up")
            if running.done():
                running.result()
            yield words
        finally:
            stop.set()
            running.result(DEADLINE_S)


def prove_people(gateway: GatewayPort) -> None:
    """Everybody of the shop says their passphrase to it."""
    for who in PEOPLE:
        name = who.removeprefix("human:")
        gateway.person(name, passphrase_of(name), typed=True)


def line_to(home: Home) -> Connection:
    """A line to the resident gateway of a shop's store."""
    return Connection(home.socket, home.store, Credentials(least_cost=CHEAP))


@contextmanager
def served(home: Home, shop: Shop, *, apart: bool) -> Iterator[None]:
    """Let the shop work through a resident gateway; `apart` has no other way to the store."""
    file = shop.store
    with resident(home, shop.clock) as words:
        line = Connection(home.socket, home.store, Credentials(least_cost=CHEAP))
        behind = None if apart else Gateway(file, shop.clock)
        shop.gateway = GatewayClient(line, ClientStore(line) if apart else file, shop.clock, behind)
        prove_people(shop.gateway)
        yield
        shop.check()
        line.close()
        assert [word for word in words if word.startswith("trouble")] == []
