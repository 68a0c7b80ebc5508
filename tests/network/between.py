"""Somebody between a caller and the gateway, in whom the caller believes: they end the TLS, and read and write all."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.listening import Authority

Meddle = Callable[[bytes], bytes]
"""What becomes of a request: its head and body as they came."""


@dataclass(slots=True)
class Between:
    """A proxy of requests, one after the other on each connection; `meddle` sees each, and `seen` keeps them."""

    host: str
    port: int
    trust: ssl.SSLContext
    authority: Authority
    meddle: Meddle = field(default=lambda request: request)
    seen: list[bytes] = field(default_factory=list)
    url: str = ""

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        """Take connections until told to stop."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.authority.pair)
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=context)
        self.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        ready.set()
        async with listening:
            await stop.wait()
        under_way = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _take(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(
            self.host, self.port, ssl=self.trust, server_hostname=self.host
        )
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            while True:
                request = await _message(client)
                self.seen.append(request)
                host = f"{self.host}:{self.port}".encode()
                own = self.url.removeprefix("https://").encode()
                to_server.write(self.meddle(request.replace(b"Host: " + own, b"Host: " + host, 1)))
                to_client.write(await _message(server))
        for end in (to_client, to_server):
            end.transport.abort()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


def with_body(request: bytes, old: bytes, new: bytes) -> bytes:
    """A request in whose body something was replaced, and whose length says so."""
    head, _, body = request.partition(b"\r\n\r\n")
    changed = body.replace(old, new)
    length, wanted = f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(changed)}".encode()
    return head.replace(length, wanted) + b"\r\n\r\n" + changed


@contextmanager
def between(folder: Path, host: str, port: int, trust: ssl.SSLContext) -> Iterator[Between]:
    """Somebody between, in a thread, in the block."""
    folder.mkdir()
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made = Between(host, port, trust, Authority(folder))
    thread = threading.Thread(target=lambda: loop.run_until_complete(made.serve(ready, stop)), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.run_until_complete(asyncio.sleep(0))  # what was aborted is closed now
        loop.close()
