"""The channel between a gateway and one dashboard of a page: an inherited pair of sockets, which no path leads to.

Over it the dashboard is told whose it is, and is lent the sockets by which it asks the gateway. So no other process
of its user can ask in its name: there is nothing that it could open.
"""

from __future__ import annotations

import asyncio
import os
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

ASK, LENT, NONE_LEFT = b"?", b"+", b"-"
"""What a dashboard says for a socket, and what it is answered: with one, or without."""
PATIENCE_S = 10.0
"""How long a dashboard waits for one."""

Connected = Callable[[], asyncio.Protocol]
"""A new connection to the door; OSError where there is no place for it."""


class AppChannel:
    """The gateway's end; one loop uses it."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._lending: asyncio.Task[None] | None = None

    @property
    def unread(self) -> socket.socket:
        """Our end, for whoever asks the kernel about it."""
        return self._ours

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed."""
        return self._ours.fileno() >= 0

    def hand_over(self, line: bytes, connected: Connected) -> None:
        """Tell it whose it is, and lend it sockets from now on."""
        self._ours.sendall(line)
        self._lending = asyncio.create_task(self._lend(connected))

    async def _lend(self, connected: Connected) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # it has ended, or does not take what it asked for
            while asked := await loop.sock_recv(self._ours, 64):
                for _ in asked:
                    await self._lend_one(connected)

    async def _lend_one(self, connected: Connected) -> None:
        near, far = socket.socketpair()
        with far:
            try:
                near.setblocking(False)
                await asyncio.get_running_loop().connect_accepted_socket(connected, near)
            except OSError:
                near.close()
                self._ours.send(NONE_LEFT)
            else:
                socket.send_fds(self._ours, [LENT], [far.fileno()])

    def close(self) -> None:
        """Hang up: the dashboard ends by that, even where the gateway was killed."""
        if self._lending is not None:
            self._lending.cancel()
        self.theirs.close()
        self._ours.close()


class LentSockets:
    """The dashboard's end, once it was told whose it is: it asks for sockets by it; `ended` is called at its end."""

    def __init__(self, descriptor: int, ended: Callable[[], None]) -> None:
        os.set_inheritable(descriptor, False)
        self._channel = socket.socket(fileno=descriptor)
        self._ended, self._turn = ended, threading.Lock()
        self._answers: queue.Queue[socket.socket | None] = queue.Queue()
        threading.Thread(target=self._hear, daemon=True, name="gateway").start()

    def __call__(self) -> socket.socket:
        """A socket to the gateway's door; OSError where it has none to lend."""
        with self._turn:
            self._channel.sendall(ASK)
            try:
                lent = self._answers.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise TimeoutError("the gateway lends no connection") from None
        if lent is None:
            raise ConnectionRefusedError("the gateway has no more connections for this page")
        return lent

    def _hear(self) -> None:
        with suppress(OSError), self._channel:
            while True:
                answer, handles, _, _ = socket.recv_fds(self._channel, 1, 1)
                if not answer:
                    break
                for handle in handles:
                    os.set_inheritable(handle, False)
                self._answers.put(socket.socket(fileno=handles[0]) if handles else None)
        self._ended()
