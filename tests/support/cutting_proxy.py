"""What stands between a machine and its gateway, and cuts connections after so many bytes upwards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 65_536


@dataclass
class CuttingProxy:
    """Passes bytes on to a port of loopback. The first connections that send much are cut: `cuts` says after how many.

    What such a connection had sent has arrived at the other end by then, in part.
    """

    to: int
    cuts: list[int] = field(default_factory=list)
    made: int = 0
    port: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for way in (self._up, self._down):
                threading.Thread(target=way, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while content := near.recv(_CHUNK):
                passed += len(content)
                far.sendall(content)
                if self._is_cut(passed):
                    break
        _end(near, far)

    def _is_cut(self, passed: int) -> bool:
        with self._turn:
            if self.cuts and passed >= self.cuts[0]:
                self.cuts.pop(0)
                self.made += 1
                return True
        return False

    @staticmethod
    def _down(near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while content := far.recv(_CHUNK):
                near.sendall(content)
        _end(near, far)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def cutting(to: int, *cuts: int) -> Iterator[CuttingProxy]:
    """A proxy before that port; its `port` is where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        made = CuttingProxy(to, list(cuts), port=int(door.getsockname()[1]))
        serving = threading.Thread(target=made.serve, args=(door,), daemon=True)
        serving.start()
        yield made
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
    serving.join()
