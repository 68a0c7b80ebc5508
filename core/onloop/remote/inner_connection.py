"""A connection from within the gateway's own process, for somebody on the network whom it serves otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from onloop.identity.accounts import NETWORK_UID
from onloop.remote.client_credentials import Credentials, ProvedOnConnection
from onloop.remote.connection import Connection
from onloop.remote.framing import LARGEST_ANSWER, Frames
from onloop.remote.unix_socket import Peer

Adopt = Callable[[socket.socket, Peer], None]


class InnerConnection(Connection):
    """See Line: the gateway adopts its other end, as that of somebody at an address, who has proved nothing yet."""

    def __init__(self, adopt: Adopt, address: str) -> None:
        super().__init__(Path("/"), None, Credentials(), patience=())
        self._adopt, self._address = adopt, address

    def connect(self) -> None:
        """See Line."""
        if self._socket is not None:
            return
        self._socket, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._adopt(theirs, Peer(0, NETWORK_UID, NETWORK_UID, f"address:{self._address}"))
        self._frames, self._standing = Frames(LARGEST_ANSWER), ProvedOnConnection()
        self._prove()
