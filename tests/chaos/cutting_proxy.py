"""A proxy before a PostgreSQL server that understands its messages, and cuts a connection around a COMMIT.

Whoever commits over it cannot know what came of it: the commit never arrived, or it was made and the answer is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from support.waiting import wait_for

FIRST_CODES = (80877103, 80877104)
"""What asks for TLS and for GSSAPI before the first message of a connection: the answer is one byte."""

_PIECE = 65_536


class Cut(StrEnum):
    """Where a connection is cut."""

    NOT = "not"
    BEFORE = "before the server has the commit"
    WITHIN = "in the middle of the message that commits"
    AFTER = "once the server has the commit, whatever it makes of it"
    ANSWERED = "once the server has answered, before the client hears of it"


@dataclass(slots=True)
class CuttingProxy:
    """Listens on `port` of loopback for a server at a Unix socket; `choose` says what happens to each commit."""

    server: Path
    choose: Callable[[], Cut]
    port: int = 0
    made: Counter[Cut] = field(default_factory=Counter)
    """How many commits met which fate."""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def await_cuts(self, more: int) -> None:
        """Wait until so many more connections were cut."""
        enough = self.cuts + more
        wait_for(lambda: self.cuts >= enough, lambda: f"nothing commits any more: {self.made}")

    @property
    def cuts(self) -> int:
        """How many connections were cut."""
        return self.made.total() - self.made[Cut.NOT]

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Take connections until told to stop."""
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        ready.set()
        async with listening:
            await stop.wait()
        under_way = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _take(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(str(self.server))
        cut = asyncio.Event()
        ways = [
            asyncio.create_task(self._requests(client, to_server, cut)),
            asyncio.create_task(self._answers(server, to_client, cut)),
        ]
        try:
            with contextlib.suppress(asyncio.CancelledError):  # told to stop
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (to_client, to_server):
                with contextlib.suppress(OSError, RuntimeError):
                    end.transport.abort()

    async def _requests(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        pending, commits = Cut.NOT, Commits()
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            await self._greeting(client, server)
            while True:
                kind, size = await client.readexactly(1), await client.readexactly(4)
                message = kind + size + await client.readexactly(int.from_bytes(size) - 4)
                if commits.is_one(message):
                    pending = self.choose()
                    self.made[pending] += 1
                if pending is Cut.BEFORE:
                    return
                if pending is Cut.ANSWERED:
                    cut.set()
                server.write(message[: len(message) // 2] if pending is Cut.WITHIN else message)
                await server.drain()
                if pending is Cut.WITHIN or (pending is Cut.AFTER and kind in _CARRIED_OUT):
                    return

    async def _greeting(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while True:
            size = await client.readexactly(4)
            body = await client.readexactly(int.from_bytes(size) - 4)
            server.write(size + body)
            await server.drain()
            if int.from_bytes(body[:4]) not in FIRST_CODES:
                return

    async def _answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while piece := await server.read(_PIECE):
                if cut.is_set():
                    return
                client.write(piece)
                await client.drain()


_CARRIED_OUT = {b"Q", b"S"}
"""The messages on which a server carries out what it was sent: a query, and the end of a batch."""


class Commits:
    """Which messages of a connection commit: those that say so, and those that bind a statement that does."""

    def __init__(self) -> None:
        self._prepared = set[bytes]()

    def is_one(self, message: bytes) -> bool:
        """Whether the server commits for this message."""
        kind, content = message[:1], message[5:]
        if kind == b"P":
            name, _, text = content.partition(b"\0")
            (self._prepared.add if text.upper().startswith(b"COMMIT") else self._prepared.discard)(name)
        if kind == b"B":
            return content.split(b"\0")[1] in self._prepared
        return kind == b"Q" and content.upper().startswith(b"COMMIT")


@contextmanager
def cutting(server: Path, choose: Callable[[], Cut]) -> Iterator[CuttingProxy]:
    """A proxy before the server, in a thread, in the block."""
    proxy, ready, stop = CuttingProxy(server, choose), threading.Event(), asyncio.Event()
    loop = proxy._loop
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(ready, stop)), daemon=True)
    thread.start()
    try:
        assert ready.wait(20), "the proxy does not come up"
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
