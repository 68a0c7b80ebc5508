"""A real gateway behind its real HTTP door, over TLS, and callers who know nothing but its wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gateway.letting_in import let_in
from gateway.served import serving
from gateway.shop import CHEAP, Clock, Shop, passphrase_of
from onloop.access.opening import wall_clock
from onloop.gateway.claims import ClaimTask
from onloop.gateway.credential_operations import MintSession
from onloop.home import Home
from onloop.identity.accounts import NETWORK_UID
from onloop.machine.operation import Operation
from onloop.machine.principal import launcher
from onloop.machine.task import Hand
from onloop.records import replace
from onloop.remote.client_credentials import Credentials
from onloop.remote.http.door import HttpDoor
from onloop.remote.http.door_settings import DoorLimits, DoorSettings, TlsFiles
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.protocol import request_fields
from onloop.store.sqlite.database import SqliteStore, create_store
from support.listening import Authority


@dataclass(slots=True)
class Caller:
    """Somebody with a credential, or with none."""

    client: httpx.Client
    bearer: str = ""

    def post(self, name: str, fields: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """What one operation is answered."""
        said = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        named = {word.replace("_", "-"): value for word, value in headers.items()}
        return self.client.post(f"/v1/{name}", json=dict(fields or {}), headers={**said, **named})

    def ask(self, operation: Operation[Any]) -> httpx.Response:
        """The same, of an operation as we write it."""
        return self.post(operation.name, request_fields(operation))

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """What a path shows."""
        said = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        return self.client.get(path, params=parameters, headers=said)


@dataclass(slots=True)
class Far:
    """A gateway that is up, as its callers over the network see it."""

    shop: Shop
    home: Home
    url: str
    authority: Authority
    client: httpx.Client
    words: list[str]
    others: list[httpx.Client] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where it listens."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def gauge(self, name: str) -> float:
        """What it counts under that name."""
        lines = self.client.get("/metrics").text.splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))

    def caller(self, bearer: str = "") -> Caller:
        """Somebody with that credential."""
        return Caller(self.client, bearer)

    def elsewhere(self, bearer: str = "", address: str = "127.0.0.2") -> Caller:
        """Somebody with that credential at another address."""
        transport = httpx.HTTPTransport(verify=self.authority.trust, local_address=address)
        self.others.append(httpx.Client(base_url=self.url, transport=transport, timeout=60))
        return Caller(self.others[-1], bearer)

    def line(self, bearer: str = "") -> HttpLine:
        """The line of our own client."""
        credentials = Credentials(least_cost=CHEAP)
        if bearer:
            credentials.bearer = bearer
        return HttpLine(self.url, SmallCarrier(self.url, str(self.authority.file)), credentials, patience=())

    def person(self, name: str = "ana") -> HttpLine:
        """The line of somebody who has said their passphrase over it."""
        line = self.line()
        line.person(name, passphrase_of(name), typed=True)
        return line

    def launcher(self, name: str = "farm", **more: Any) -> str:
        """The token of a launcher whom ana let in."""
        return let_in(self.shop, name, **more)

    def session(self, name: str = "ana") -> str:
        """The secret of somebody's reading session."""
        line = self.line()
        person = line.person(name, passphrase_of(name), typed=True)
        try:
            return line.ask(MintSession(person)).secret
        finally:
            line.close()

    def agent(self, task: str, name: str = "alfa", role: str = "implementer") -> str:
        """The token of an agent whose task was claimed over the network."""
        remote = launcher("far", Hand(NETWORK_UID))
        got = self.shop.gateway.perform(ClaimTask(remote, f"agent:{name}", role, task=task, lease_ms=43_200_000))
        return got.secret


@contextmanager
def far_gateway(folder: Path, limits: DoorLimits | None = None) -> Iterator[Far]:
    """A gateway over a store in `folder`, behind its door, in the block."""
    home, authority = Home(folder / "store"), Authority(folder)
    create_store(home.store)
    store = SqliteStore(home.store, home.anchor)
    shop = Shop(store, Clock(wall_clock()))
    settings = replace(DoorSettings("127.0.0.1", 0), tls=TlsFiles(*authority.pair))
    with serving(home, wall_clock) as (gateway, words):
        door = HttpDoor(settings, gateway.adopt, words.append, wall_clock, limits)
        door.start()
        try:
            with httpx.Client(base_url=door.url, verify=authority.trust, trust_env=False, timeout=60) as client:
                made = Far(shop, home, door.url, authority, client, words)
                yield made
                for other in made.others:
                    other.close()
        finally:
            door.stop(0.5)
    store.close()
