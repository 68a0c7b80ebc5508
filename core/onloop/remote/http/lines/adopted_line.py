"""One line of the door to its gateway: requests in order, one at a time, over a pair of sockets."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from onloop.errors import BadInput, Unavailable
from onloop.remote.framing import LARGEST_ANSWER, LARGEST_RAW, Frames, framed, framed_raw
from onloop.remote.protocol import request_text
from onloop.remote.unix_socket import Peer

Adopt = Callable[[socket.socket, Peer], None]
"""What a gateway does with one end of a pair: serve it as a line of that peer."""


class LineLost(Exception):
    """The gateway closed the line; `was_asked` says whether a request may have taken effect."""

    def __init__(self, *, was_asked: bool) -> None:
        super().__init__("the gateway closed the line")
        self.was_asked = was_asked


class AdoptedLine(asyncio.Protocol):
    """A line that the gateway serves; one loop uses it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._frames = Frames(LARGEST_ANSWER)
        self._said: deque[bytes] = deque()
        self._heard, self._writable = asyncio.Event(), asyncio.Event()
        self._writable.set()
        self._turn = asyncio.Lock()
        self.used_at = self._loop.time()
        self.waiting = 0
        self.account = ""

    @classmethod
    async def made(cls, adopt: Adopt, peer: Peer) -> AdoptedLine:
        """A new line for that peer."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        try:
            adopt(theirs, peer)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        _, line = await asyncio.get_running_loop().create_connection(cls, sock=ours)
        line.account = peer.counted
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """See asyncio.Protocol."""
        self._transport = None
        self._heard.set()
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            self._said.extend(self._frames.feed(data))
        except BadInput:
            self.close()
        self._heard.set()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable.set()

    @property
    def is_gone(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._transport is None or self._transport.is_closing()

    @property
    def is_busy(self) -> bool:
        """Whether something is asked now."""
        return self._turn.locked()

    async def ask(
        self, name: str, fields: Mapping[str, Any], code: Mapping[str, object] | None = None, *, within_s: float
    ) -> bytes:
        """The gateway's answer as it sent it.

        LineLost where it closed the line without a word, Unavailable where no answer came in time.
        """
        self.waiting += 1
        try:
            async with self._turn, asyncio.timeout(within_s):
                return await self._exchanged(framed(request_text(name, fields, code)))
        except TimeoutError:
            self.close()
            words = f"the gateway has not answered for {within_s:g} s"
            raise Unavailable(words, hint="try again under the same key: it may still take effect") from None
        except asyncio.CancelledError:
            self.close()  # the late answer must not be taken for the answer to the next request
            raise
        finally:
            self.waiting -= 1
            self.used_at = self._loop.time()

    async def _exchanged(self, request: bytes) -> bytes:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(request)
        while not self._said:
            if self._transport is None:
                raise LineLost(was_asked=transport is not None)
            self._heard.clear()
            await self._heard.wait()
        return self._said.popleft()

    async def send(self, content: bytes) -> None:
        """Send bytes that were announced, as fast as the gateway takes them; LineLost where it takes none any more."""
        async with self._turn:
            for at in range(0, len(content), LARGEST_RAW):
                if self._transport is None or self._transport.is_closing():
                    raise LineLost(was_asked=True)
                self._transport.write(framed_raw(content[at : at + LARGEST_RAW]))
                await self._writable.wait()
        self.used_at = self._loop.time()

    def last_words(self) -> bytes | None:
        """What the gateway said of itself before it closed the line."""
        return self._said.popleft() if self._said else None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
