"""A bad way to a gateway: every byte comes late, some connections break, and answers can be held up."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.waiting import DEADLINE_S

LARGEST_PIECE = 65_536


@dataclass
class BadWay:
    """Carries connections to `target`: each piece `late_s` later, and one of `breaks_at` chance ends its connection."""

    late_s: float = 0.0
    breaks: float = 0.0
    port: int = 0
    target: int = 0
    broken: int = 0
    carried: int = 0
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)
    _luck: random.Random = field(default_factory=lambda: random.Random(14))  # noqa: S311 - luck, no secret
    _loop: asyncio.AbstractEventLoop | None = None
    _flows: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """Let no answers through, until `release`."""
        self._call(self._flows.clear)

    def release(self) -> None:
        """Let them through, those that were held up first."""
        self._call(self._flows.set)

    def cut(self) -> None:
        """Break all connections."""
        self._call(self._abort)

    def _abort(self) -> None:
        for line in list(self._lines):
            line.transport.abort()

    def _call(self, act: Callable[[], object]) -> None:
        done: Future[None] = Future()

        def run() -> None:
            act()
            done.set_result(None)

        assert self._loop is not None
        self._loop.call_soon_threadsafe(run)
        done.result(DEADLINE_S)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.carried += 1
        both = {writer, other_writer}
        self._lines |= both
        try:
            await asyncio.gather(
                self._pump(reader, other_writer, is_answer=False),
                self._pump(other_reader, writer, is_answer=True),
            )
        finally:
            for line in both:
                line.transport.abort()
            self._lines -= both

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        loop, under_way = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def deliver() -> None:
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if is_answer:
                    await self._flows.wait()
                if not piece:
                    raise ConnectionResetError
                sink.write(piece)

        delivering = asyncio.create_task(deliver())
        try:
            while not delivering.done():
                piece = b""
                with suppress(OSError):
                    piece = await source.read(LARGEST_PIECE)
                if piece and self._luck.random() < self.breaks:
                    self.broken += 1
                    piece = b""
                under_way.put_nowait((loop.time() + self.late_s, piece))
                if not piece:
                    break
            with suppress(OSError):
                await delivering
        finally:
            delivering.cancel()
        raise ConnectionResetError


@contextmanager
def bad_way(late_s: float = 0.0, breaks: float = 0.0) -> Iterator[BadWay]:
    """The way, while the block lasts; its `target` may be set later."""
    way, up, over = BadWay(late_s, breaks), threading.Event(), asyncio.Event()

    async def serve() -> None:
        way._loop = asyncio.get_running_loop()
        way._flows.set()

        async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                await way.carry(reader, writer)

        server = await asyncio.start_server(carried, "127.0.0.1", 0)
        way.port = server.sockets[0].getsockname()[1]
        up.set()
        await over.wait()
        server.close()
        way._abort()

    serving = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    serving.start()
    assert up.wait(DEADLINE_S)
    try:
        yield way
    finally:
        way._call(over.set)
        serving.join(DEADLINE_S)
