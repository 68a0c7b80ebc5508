"""A resident gateway in a thread of the test's, and a shop whose hands reach the store through it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from gateway.shop import CHEAP, Shop, passphrase_of
from onloop.gates.intake.quarantine import Arrival
from onloop.gateway.port import GatewayPort
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.identity.accounts import NETWORK_UID
from onloop.machine.task import Task
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.connection_operations import SubmitAnnounced
from onloop.remote.framing import LARGEST_ANSWER, Frames, framed, parsed
from onloop.remote.server import Adopt, Door, GatewayServer
from onloop.remote.unix_socket import Peer
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


@dataclass
class Serving:
    """A resident gateway in a thread: `stop` tells it to stop, `running` says how that ended."""

    server: GatewayServer
    stop: threading.Event
    words: list[str]
    running: Future[bool]


@contextmanager
def starting(
    home: Home,
    clock: Callable[[], int],
    changes: Callable[[str], Changes] = _no_changes,
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]] = _no_submission,
    *,
    box_is_strong: bool = False,
    door: Callable[[Adopt], Door] | None = None,
) -> Iterator[Serving]:
    """A resident gateway that has come up, or has not; whatever the block does to it, it has ended afterwards."""
    stop, words = threading.Event(), list[str]()
    gateway = GatewayServer(
        home,
        clock,
        stop.is_set,
        words.append,
        submit,
        lambda task, _since: changes(task),
        lambda: None,
        box_is_strong=lambda: box_is_strong,
        guessed=lambda account, person: words.append(f"guesses: {account} {person}"),
        door=door,
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(gateway.run)
        try:
            wait_for(lambda: words or running.done(), lambda: "it does not come up")
            yield Serving(gateway, stop, words, running)
        finally:
            stop.set()
            wait([running], DEADLINE_S)


@contextmanager
def serving(
    home: Home,
    clock: Callable[[], int],
    changes: Callable[[str], Changes] = _no_changes,
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]] = _no_submission,
    *,
    box_is_strong: bool = False,
) -> Iterator[tuple[GatewayServer, list[str]]]:
    """A resident gateway that is up in the block, and what it says."""
    with starting(home, clock, changes, submit, box_is_strong=box_is_strong) as gateway:
        if gateway.running.done():
            gateway.running.result()
        yield gateway.server, gateway.words
        gateway.stop.set()
        assert gateway.running.result(DEADLINE_S) is True


@contextmanager
def resident(
    home: Home,
    clock: Callable[[], int],
    changes: Callable[[str], Changes] = _no_changes,
    submit: Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]] = _no_submission,
    *,
    box_is_strong: bool = False,
) -> Iterator[list[str]]:
    """As `serving`; only what it says is handed out."""
    with serving(home, clock, changes, submit, box_is_strong=box_is_strong) as (_, words):
        yield words


class AdoptedLine:
    """One end of a pair of sockets, whose other end a resident gateway serves as a connection over the network."""

    def __init__(self, gateway: GatewayServer, account: str = "address:10.0.0.3") -> None:
        self.socket, other = socket.socketpair()
        self.socket.settimeout(DEADLINE_S)
        gateway.adopt(other, Peer(0, NETWORK_UID, NETWORK_UID, account))
        self._frames, self._waiting = Frames(LARGEST_ANSWER), list[bytes]()

    def send(self, operation: str, **fields: object) -> None:
        """Ask without waiting."""
        self.socket.sendall(framed(message(operation, **fields)))

    def answer(self) -> dict[str, Any]:
        """The next answer; empty once the gateway has closed the line."""
        while not self._waiting:
            try:
                arrived = self.socket.recv(65_536)
            except ConnectionError:
                arrived = b""
            if not arrived:
                return {}
            self._waiting += self._frames.feed(arrived)
        return dict(parsed(self._waiting.pop(0)))

    def ask(self, operation: str, **fields: object) -> dict[str, Any]:
        """Ask, and wait for the answer; empty where the gateway has closed the line."""
        with suppress(BrokenPipeError):
            self.send(operation, **fields)
        return self.answer()

    def close(self) -> None:
        """End it."""
        self.socket.close()


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
