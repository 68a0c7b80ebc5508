"""What httpx sends through: connections that go where a rule says, until a deadline. Loads httpx: import it late."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpcore
import httpx

from onloop.forges.deadline import Due
from onloop.forges.public_address import AddressRule


class TimedStream(httpcore.NetworkStream):
    """A connection, whose every read and write is before the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, due: Due) -> None:
        self._inner, self._due = inner, due

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come."""
        return self._inner.read(max_bytes, self._due.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it."""
        self._inner.write(buffer, self._due.left(timeout))

    def close(self) -> None:
        """Hang up."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same under TLS; the name that is checked is that of the URL."""
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, self._due.left(timeout)), self._due)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to what a name resolved to once and was checked, and nowhere else."""

    def __init__(self, rule: AddressRule, due: Due) -> None:
        self._rule, self._due, self._plain = rule, due, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that takes one."""
        addresses = self._rule.resolved(host, port)
        for address in addresses[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, timeout, local_address, socket_options)
        return self._connected(addresses[-1], port, timeout, local_address, socket_options)

    def _connected(
        self, address: str, port: int, timeout: float | None, local: str | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        stream = self._plain.connect_tcp(address, port, self._due.left(timeout), local, options)
        return TimedStream(stream, self._due)


class PieceStream(httpx.SyncByteStream):
    """An answer's body as it comes."""

    def __init__(self, pieces: Any) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        """Read no more of it."""
        self._pieces.close()


class GuardedTransport(httpx.BaseTransport):
    """See the module: httpcore's pool over such connections."""

    def __init__(self, rule: AddressRule, ca_file: str, due: Due) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file or None),
            max_connections=16,
            max_keepalive_connections=4,
            keepalive_expiry=20.0,
            network_backend=GuardedBackend(rule, due),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        got = self._pool.handle_request(asked)
        return httpx.Response(
            got.status, headers=got.headers, stream=PieceStream(got.stream), extensions=got.extensions
        )

    def close(self) -> None:
        """Hang up everywhere."""
        self._pool.close()
