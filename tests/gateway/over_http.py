"""A shop whose agents, launchers and people reach the store over HTTPS, through the real door of a resident gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import cast

import trustme

from gateway.letting_in import let_in
from gateway.served import prove_people, starting
from gateway.shop import CHEAP, LAUNCHER, Shop
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.port import GatewayPort
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.home import Home
from onloop.machine.launchers import LONGEST_GRANT_MS
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.http.door import HttpDoor
from onloop.remote.http.door_settings import DoorSettings, TlsFiles
from onloop.remote.http_client.carriers import Carrier, PooledCarrier, SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.server import Adopt
from onloop.store.port import Store
from onloop.views.changes import NOT_ASKED, Changes

OVER_THE_WIRE = frozenset({PrincipalKind.HUMAN, PrincipalKind.AGENT, PrincipalKind.LAUNCHER})


@dataclass(frozen=True)
class Certified:
    """A certificate for 127.0.0.1 and localhost, and the authority that signed it."""

    ca: str
    files: TlsFiles


@cache
def certified() -> Certified:
    """The one of this process."""
    folder, made = Path(mkdtemp(prefix="onloop-tls-")), trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = made.issue_cert("127.0.0.1", "localhost", key_type=trustme.KeyType.ECDSA)
    files = TlsFiles(folder / "door.pem", folder / "door.key")
    made.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.private_key_pem.write_to_path(str(files.key))
    files.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    return Certified(str(folder / "ca.pem"), files)


@dataclass
class OpenedDoor:
    """The door of a resident gateway, once it is open."""

    words: list[str]
    public: tuple[str, ...] = ()
    doors: list[HttpDoor] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.doors[-1].url

    def __call__(self, clock: Callable[[], int], adopt: Adopt) -> HttpDoor:
        settings = DoorSettings("127.0.0.1", 0, certified().files, self.public)
        self.doors.append(HttpDoor(settings, adopt, self.words.append, clock))
        return self.doors[-1]


@contextmanager
def over_http(
    home: Home,
    clock: Callable[[], int],
    changes: Callable[[str], Changes] = lambda _: NOT_ASKED,
    public: tuple[str, ...] = (),
) -> Iterator[OpenedDoor]:
    """A resident gateway with an open door, in the block; `public` are the URLs under which it is known."""
    opened = OpenedDoor([], public)
    with starting(home, clock, changes, door=partial(opened, clock)) as serving:
        yield opened
        assert [word for word in (*serving.words, *opened.words) if word.startswith("trouble")] == []


@dataclass
class Wired:
    """See GatewayPort: agents, launchers and people ask over HTTPS; what is the gateway's own asks the file."""

    url: str
    behind: Gateway
    launcher: str
    lines: dict[str, GatewayClient] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.behind.store

    @property
    def clock(self) -> Callable[[], int]:
        return self.behind.clock

    def client(self, kind: str) -> GatewayClient:
        """The client of people, of agents or of the launcher: each has a line of its own."""
        if kind not in self.lines:
            make: Callable[[str, str], Carrier] = PooledCarrier if kind == "people" else SmallCarrier
            credentials = Credentials(least_cost=CHEAP, bearer=self.launcher if kind == "launcher" else "")
            line = HttpLine(self.url, make(self.url, certified().ca), credentials)
            self.lines[kind] = GatewayClient(line, ClientStore(line), self.clock)
        return self.lines[kind]

    def close(self) -> None:
        """Hang up."""
        for client in self.lines.values():
            client.line.close()

    def perform(self, operation: Operation[AnswerT]) -> AnswerT:
        who = operation.principal_or_none
        if isinstance(operation, ClaimTask) and who is not None and who.kind is PrincipalKind.LAUNCHER:
            answer = self.client("launcher").perform(operation)
            if isinstance(answer, ClaimGranted):
                self.client("agents").perform(RecogniseAgent(answer.secret))
            return cast("AnswerT", answer)
        if isinstance(operation, RecogniseAgent) or (who is not None and who.kind is PrincipalKind.AGENT):
            return self.client("agents").perform(operation)
        if who is not None and who.kind is PrincipalKind.HUMAN and not isinstance(operation, CountDenial):
            return self.client("people").perform(operation)
        return self.behind.perform(operation)

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        return self.client("people").person(name, passphrase, typed=typed)


@contextmanager
def served_over_http(home: Home, shop: Shop) -> Iterator[None]:
    """Let the shop work over HTTPS."""
    secret = let_in(shop, LAUNCHER.name, ("*",), lasts_ms=LONGEST_GRANT_MS)
    with over_http(home, shop.clock) as opened:
        wired = Wired(opened.url, Gateway(shop.store, shop.clock), secret)
        shop.gateway = wired
        prove_people(shop.gateway)
        yield
        shop.check()
        wired.close()


_: type[GatewayPort] = Wired
