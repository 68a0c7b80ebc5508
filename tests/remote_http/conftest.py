"""A door before a gateway, and a certificate authority that nobody else knows."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import trustme

from onloop.records import replace
from onloop.remote.http.door import HttpDoor
from onloop.remote.http.door_settings import DoorLimits, DoorSettings, TlsFiles
from onloop.remote.http.lines.adopted_line import Adopt
from remote_http.scripted_gateway import TOKEN, ScriptedGateway


def wall_ms() -> int:
    """The time."""
    return int(time.time() * 1000)


@dataclass
class OpenDoor:
    """A door that listens, and what was said of it."""

    door: HttpDoor
    words: list[str]
    trust: ssl.SSLContext | None = None
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.door.url

    @property
    def host(self) -> str:
        return self.door.url.partition("://")[2]

    def connections(self) -> int:
        """How many connections are open, the one that asks left out."""
        return self.figure("onloop_http_connections") - 1

    def figure(self, name: str) -> int:
        """One of the door's figures."""
        with httpx.Client(base_url=self.url, verify=self.trust or False, trust_env=False) as client:
            lines = client.get("/metrics").text.splitlines()
        return next(int(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    def client(self, token: str | None = TOKEN, **headers: str) -> httpx.Client:
        """A client with that credential."""
        said = {"Authorization": f"Bearer {token}"} if token else {}
        made = httpx.Client(
            base_url=self.url, headers={**said, **headers}, verify=self.trust or False, trust_env=False, timeout=60
        )
        self.clients.append(made)
        return made


@contextmanager
def opened(
    adopt: Adopt,
    limits: DoorLimits | None = None,
    settings: DoorSettings | None = None,
    trust: ssl.SSLContext | None = None,
    clock: Callable[[], int] = wall_ms,
) -> Iterator[OpenDoor]:
    """A door that is open in the block."""
    words = list[str]()
    door = HttpDoor(settings or DoorSettings("127.0.0.1", 0), adopt, words.append, clock, limits)
    door.start()
    made = OpenDoor(door, words, trust)
    try:
        yield made
    finally:
        for client in made.clients:
            client.close()
        door.stop(0.5)


@pytest.fixture
def gateway() -> ScriptedGateway:
    """A gateway that does what a test says."""
    return ScriptedGateway()


@pytest.fixture
def limits() -> DoorLimits:
    """The limits of a door; a module may have narrower ones."""
    return DoorLimits()


@pytest.fixture
def door(gateway: ScriptedGateway, limits: DoorLimits) -> Iterator[OpenDoor]:
    """A door on this machine, without TLS."""
    with opened(gateway.adopt, limits) as made:
        yield made


@dataclass
class Authority:
    """A certificate authority of one test, and a pair of files that it signed."""

    folder: Path
    ca: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.files = TlsFiles(self.folder / "door.pem", self.folder / "door.key")
        self.issue()

    def issue(self, **more: object) -> None:
        """Put a new pair in the place of the one before."""
        made = self.ca.issue_cert("localhost", "127.0.0.1", **more)  # type: ignore[arg-type]
        made.private_key_pem.write_to_path(self.files.key)
        self.files.certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))

    @property
    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    @property
    def settings(self) -> DoorSettings:
        return replace(DoorSettings("127.0.0.1", 0), tls=self.files)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority."""
    return Authority(tmp_path)
