"""Requests over sockets that somebody lends: for a process that may open none itself, and is to need no path."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import httpcore
import httpx

Lend = Callable[[], socket.socket]
"""Gives a socket that is connected; OSError where there is none."""


class LentStream(httpcore.NetworkStream):
    """One lent socket."""

    def __init__(self, lent: socket.socket) -> None:
        self._lent = lent

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See NetworkStream."""
        self._lent.settimeout(timeout)
        try:
            return self._lent.recv(max_bytes)
        except TimeoutError as problem:
            raise httpcore.ReadTimeout(str(problem)) from None
        except OSError as problem:
            raise httpcore.ReadError(str(problem)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See NetworkStream."""
        self._lent.settimeout(timeout)
        try:
            self._lent.sendall(buffer)
        except TimeoutError as problem:
            raise httpcore.WriteTimeout(str(problem)) from None
        except OSError as problem:
            raise httpcore.WriteError(str(problem)) from None

    def close(self) -> None:
        """See NetworkStream."""
        self._lent.close()

    def get_extra_info(self, info: str) -> Any:
        """See NetworkStream."""
        return self._lent if info == "socket" else None


class LentBackend(httpcore.NetworkBackend):
    """Connects by what is lent, whatever the address."""

    def __init__(self, lend: Lend) -> None:
        self._lend = lend

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """See NetworkBackend."""
        try:
            return LentStream(self._lend())
        except TimeoutError as problem:
            raise httpcore.ConnectTimeout(str(problem)) from None
        except OSError as problem:
            raise httpcore.ConnectError(str(problem)) from None


class LentTransport(httpx.HTTPTransport):
    """httpx over what is lent."""

    def __init__(self, lend: Lend, limits: httpx.Limits) -> None:
        super().__init__(verify=False, trust_env=False, limits=limits)
        self._pool = httpcore.ConnectionPool(
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=LentBackend(lend),
        )
