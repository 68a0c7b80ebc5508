"""Callers over the network: whoever they prove to be on a connection that a resident gateway adopted."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from gateway.served import AdoptedLine
from gateway.shop import CHEAP, Shop, passphrase_of
from onloop.identity.accounts import NETWORK_UID
from onloop.machine.principal import Principal
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials, ProvedOnConnection
from onloop.remote.connection import Connection
from onloop.remote.framing import LARGEST_ANSWER, Frames
from onloop.remote.server import GatewayServer
from onloop.remote.unix_socket import Peer
from support.waiting import DEADLINE_S

NOBODY = {"kind": "nobody", "name": ""}


class AdoptedConnection(Connection):
    """A client's connection whose other end was handed to a gateway as somebody's on the network."""

    def __init__(self, gateway: GatewayServer, address: str) -> None:
        super().__init__(Path("/nowhere"), None, Credentials(least_cost=CHEAP))
        self._server, self._address = gateway, address

    def connect(self) -> None:
        if self._socket is None:
            self._socket, other = socket.socketpair()
            self._socket.settimeout(DEADLINE_S)
            self._server.adopt(other, Peer(0, NETWORK_UID, NETWORK_UID, f"address:{self._address}"))
            self._frames, self._standing = Frames(LARGEST_ANSWER), ProvedOnConnection()
            self._prove()


def person_from(
    gateway: GatewayServer, shop: Shop, name: str = "ana", address: str = "10.0.0.9"
) -> tuple[GatewayClient, Principal]:
    """A person at another machine, who has said their passphrase."""
    line = AdoptedConnection(gateway, address)
    client = GatewayClient(line, ClientStore(line), shop.clock)
    return client, client.person(name, passphrase_of(name), typed=True)


def proved(gateway: GatewayServer, operation: str, secret: str, address: str = "10.0.0.3") -> AdoptedLine:
    """A line on which somebody has proved to be whom a secret says."""
    line = AdoptedLine(gateway, f"address:{address}")
    answer = line.ask(operation, token=secret)
    assert "ok" in answer, answer
    return line


def claimed(line: AdoptedLine, role: str = "implementer", shop: Shop | None = None, **more: Any) -> dict[str, Any]:
    """The answer to a claim; the shop learns what was claimed."""
    answer = line.ask("claim", **{"principal": NOBODY, "agent": "agent:alfa", "role": role, **more})
    if shop is not None:
        shop.secrets[answer["ok"]["task"]["id"]] = answer["ok"]["secret"]
    return answer


def refusal(answer: dict[str, Any]) -> tuple[str, str]:
    """The code of an error, and its words."""
    error = answer.get("error")
    assert isinstance(error, dict), answer
    return str(error.get("code")), str(error.get("message", ""))
