"""One connection to the HTTP door: uvicorn's, with the time that a request and its reader may take."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from onloop.remote.http.door_settings import DoorLimits
from onloop.remote.http.entry.answer_headers import AnsweringConnection
from onloop.remote.http.entry.problem_details import MEDIA_TYPE, bad_request

_QUIET = logging.getLogger("onloop.door")
"""Where uvicorn's remarks about requests go: nowhere, for a stranger could write as many as they like."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


LINE_PATH = "/web/line"
"""Where the page of the dashboard opens its line."""


class DoorConnection(H11Protocol):
    """A connection; `left` is called once when it has ended.

    One that comes from a process of ours is `inner`: of the address for which that process asks.
    """

    def __init__(
        self, config: Config, state: ServerState, limits: DoorLimits, left: Callable[[], None], inner: str = ""
    ) -> None:
        told = {"connection": self, **({"inner": inner} if inner else {})}
        super().__init__(config, state, told, asyncio.get_running_loop())
        self.conn = AnsweringConnection(h11.SERVER, limits.headers)
        self.logger = _QUIET
        self.access_log = False
        self._limits, self._left = limits, left
        self._head_since: float | None = None
        self._unread_since: float | None = None
        self._closing_since: float | None = None
        self._unwanted_since: float | None = None

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._head_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._left()
        super().connection_lost(exc)

    def never_made(self) -> None:
        """It ended before it began."""
        self._left()

    def _should_upgrade(self) -> bool:
        """Only a page's own line becomes a WebSocket; elsewhere the wish is not heard."""
        return self.scope["path"] == LINE_PATH and super()._should_upgrade()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._note_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_since = None

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._unread_since = None
        super().resume_writing()

    def _note_head(self) -> None:
        if self._head_since is None and self.conn.their_state is h11.IDLE:
            self._head_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request of HTTP, unless something is being answered already."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()
            return
        problem = bad_request(msg.rstrip(".").lower(), "send HTTP/1.1", closes=True)
        content = json.dumps(problem.body()).encode()
        headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(content))), ("connection", "close")]
        parts = (h11.Response(status_code=400, headers=headers), h11.Data(data=content), h11.EndOfMessage())
        with suppress(h11.LocalProtocolError):
            self.transport.write(b"".join(self.conn.send(part) or b"" for part in parts))
        self.transport.close()

    def part(self, last_words: bytes) -> None:
        """End an answer that goes on for ever, after some last words that its reader may still come to."""
        with suppress(h11.LocalProtocolError):
            self.transport.write(self.conn.send(h11.Data(data=last_words)) or b"")
        self.transport.close()

    def look(self, now: float) -> None:
        """End it, where a request takes too long to arrive, or nobody reads what is answered."""
        if self.transport is None:
            return
        if self.conn.trailing_data[0]:
            self._note_head()
        if self.transport.is_closing() and self._closing_since is None:
            self._closing_since = now
        is_answered = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        self._unwanted_since = (self._unwanted_since or now) if is_answered else None
        is_slow = self._head_since is not None and now - self._head_since > self._limits.header_s
        kinds = (self._unread_since, self._closing_since, self._unwanted_since)
        stuck = (since for since in kinds if since is not None)
        if is_slow or any(now - since > self._limits.unread_s for since in stuck):
            self.transport.abort()
