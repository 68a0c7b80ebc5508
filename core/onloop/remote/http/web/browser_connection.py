"""The connection of one page's line: uvicorn's WebSocket, counted and swept as the door's others are."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from dataclasses import replace
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Event, RejectConnection
from wsproto.utilities import LocalProtocolError

from onloop.remote.http.entry.answer_headers import with_always

WAITING = 65_536
"""As many bytes wait for a browser at most, but for one piece: past them, its dashboard waits."""

_QUIET = logging.getLogger("onloop.page")
"""Where uvicorn's remarks go: nowhere, for a stranger could write as many as they like."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


class LineConnection(WSConnection):
    """The protocol at our end: whatever refuses a line has the headers of every answer."""

    def send(self, event: Event) -> bytes:
        """See WSConnection."""
        if isinstance(event, RejectConnection):
            event = replace(event, headers=with_always(event.headers))
        return super().send(event)


class BrowserConnection(WSProtocol):
    """A line to a browser; the connection from which it came gives its place back when it ends."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "line": self}, _loop or asyncio.get_running_loop())
        self.conn = LineConnection(ConnectionType.SERVER)
        self.logger = _QUIET

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See asyncio.Protocol: little waits for a browser that is slow, in the kernel and here."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WAITING)
        with suppress(OSError):  # the other end has gone
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * WAITING)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.app_state["connection"].never_made()
        super().connection_lost(exc)

    def close_at_once(self, code: int, why: str) -> None:
        """Say why, and hang up, without waiting for a browser that may not read."""
        if self.transport.is_closing():
            return
        try:
            self.transport.write(self.conn.send(CloseConnection(code=code, reason=why[:100])))
        except LocalProtocolError:  # it closes already
            self.transport.abort()
            return
        self.close_sent = True
        self.transport.close()
        self.loop.call_later(1.0, self.transport.abort)
