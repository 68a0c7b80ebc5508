"""What carries requests over HTTP: our own small one for agents' verbs, or one httpx client for people's."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from onloop.errors import Unavailable
from onloop.gateway_url import place_of
from onloop.records import Record
from onloop.remote.http_client.certificate_words import trouble_with
from onloop.remote.http_client.plain_request import CONNECT_S, LARGEST_BODY, Misspoken, PlainConnection, check_bare
from onloop.remote.line import ConnectionLost

if TYPE_CHECKING:
    import httpx

    from onloop.remote.http_client.lent_connections import Lend

AGENT = "onloop"
_NEAR = "http://localhost"
"""What a gateway is called over a socket of this machine: the file says which one it is."""


class HttpRequest(Record):
    """One request: it has `timeout_s` in all."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout_s: float = 60.0


class HttpAnswer(Record):
    """What came back; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Carrier(Protocol):
    """Carries requests to one gateway.

    ConnectionLost where the connection breaks, TimeoutError where no answer comes, Unavailable where whoever answers is
    not to be believed.
    """

    def carry(self, asked: HttpRequest) -> HttpAnswer:
        """The answer to one request."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class SmallCarrier:
    """See Carrier: for one thread, with a connection of its own."""

    def __init__(self, url: str, ca: str = "") -> None:
        self._url, self._ca = url, ca
        self._connection = PlainConnection(place_of(url), ca)

    def carry(self, asked: HttpRequest) -> HttpAnswer:
        """See Carrier."""
        headers = (("User-Agent", AGENT), ("Accept-Encoding", "identity"), *asked.headers)
        try:
            got = self._connection.ask(asked.method, asked.path, headers, asked.body, asked.timeout_s)
        except Misspoken as problem:
            raise no_gateway(self._url, str(problem)) from None
        except TimeoutError:
            raise
        except OSError as problem:
            raise (trouble_with(problem, self._url, self._ca) or ConnectionLost(words_of(problem))) from problem
        return HttpAnswer(got.status, got.headers, got.body)

    def close(self) -> None:
        """See Carrier."""
        self._connection.close()


class PooledCarrier:
    """See Carrier: for any number of threads, which share one httpx client.

    Proxies of the environment do not count: `$ONLOOP_PROXY` names one that does. `lend` gives sockets to the
    gateway for this process alone; nothing but what the URL calls it goes another way then.
    """

    def __init__(self, url: str, ca: str = "", lend: Lend | None = None) -> None:
        self._url, self._ca, self._lend = url, ca, lend
        self._client: httpx.Client | None = None
        self._turn = threading.Lock()

    def carry(self, asked: HttpRequest) -> HttpAnswer:
        """See Carrier."""
        import httpx  # here: verbs of agents must not load it

        end = time.monotonic() + asked.timeout_s
        limits = httpx.Timeout(asked.timeout_s, connect=min(CONNECT_S, asked.timeout_s))
        try:
            with self._open().stream(
                asked.method, asked.path, headers=dict(asked.headers), content=asked.body or None, timeout=limits
            ) as got:
                headers = {name.lower(): value for name, value in got.headers.items()}
                if got.status_code not in {204, 304}:
                    check_bare(headers)
                return HttpAnswer(got.status_code, headers, _capped(got, end))
        except Misspoken as problem:
            raise no_gateway(self._url, str(problem)) from None
        except httpx.TimeoutException as problem:
            raise TimeoutError(str(problem)) from None
        except (httpx.TransportError, httpx.StreamError, OSError) as problem:
            raise (trouble_with(problem, self._url, self._ca) or ConnectionLost(words_of(problem))) from problem

    def close(self) -> None:
        """See Carrier."""
        with self._turn:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> httpx.Client:
        import ssl  # here, as httpx is

        import httpx

        limits = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=50.0)
        with self._turn:
            if self._client is None:
                headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
                if self._lend is not None:
                    from onloop.remote.http_client.lent_connections import LentTransport  # here, as httpx is

                    near = LentTransport(self._lend, limits)
                    self._client = httpx.Client(base_url=_NEAR, transport=near, trust_env=False, headers=headers)
                    return self._client
                self._client = httpx.Client(
                    base_url=self._url,
                    verify=ssl.create_default_context(cafile=self._ca or None),
                    trust_env=False,
                    proxy=os.environ.get("ONLOOP_PROXY") or None,
                    follow_redirects=False,
                    headers=headers,
                    limits=limits,
                )
            return self._client


class BorrowedCarrier:
    """See Carrier: one that many lines share, and whose owner closes it."""

    def __init__(self, carrier: Carrier) -> None:
        self.carry = carrier.carry

    def close(self) -> None:
        """See Carrier."""


def _capped(got: httpx.Response, end: float) -> bytes:
    """The body, no longer than one may be, and whole before the time is over."""
    pieces: list[bytes] = []
    size = 0
    for piece in got.iter_raw():
        size += len(piece)
        if size > LARGEST_BODY:
            raise Misspoken(f"an answer of more than {LARGEST_BODY} bytes")
        if time.monotonic() > end:
            raise TimeoutError("it took too long")
        pieces.append(piece)
    return b"".join(pieces)


def no_gateway(url: str, how: str) -> Unavailable:
    """What is said where something else than a gateway answers."""
    return Unavailable(
        f"what answers at {url} is not a gateway of onloop: {how}",
        hint="check ONLOOP_URL; where a network asks to sign in first, do that in a browser",
    )


def words_of(problem: BaseException) -> str:
    """What broke, without the numbers of the system."""
    words = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return str(words)[:200]
