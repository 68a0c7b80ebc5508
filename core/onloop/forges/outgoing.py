"""Requests that go out, over httpx: to addresses that were checked, whole before a deadline, capped, and no further.

No redirect is followed, no proxy of the environment is used, no compressed answer is taken.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from onloop.errors import BadInput, FailureKind
from onloop.forges.deadline import Due
from onloop.forges.forge_errors import ForgeTrouble
from onloop.forges.public_address import AddressRule
from onloop.records import Record

if TYPE_CHECKING:
    import httpx

CONNECT_S = 10.0
AGENT = "onloop"


class Outgoing(Record):
    """One request: whole within `seconds`, with an answer of at most `most` bytes; with `end`, its last bytes count."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    seconds: float = 30.0
    most: int = 8 * 1024 * 1024
    end: bool = False


class Incoming(Record):
    """What came back; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Courier:
    """Carries requests under one rule of addresses, for any number of threads; `ca_file` is trusted instead of all."""

    def __init__(self, rule: AddressRule, ca_file: str = "") -> None:
        self._rule, self._ca_file = rule, ca_file
        self._client: httpx.Client | None = None
        self._turn = threading.Lock()
        self._due = Due()

    def carry(self, asked: Outgoing) -> Incoming:
        """The answer. ForgeTrouble where none comes, in time and whole; ClosedAddress where nobody may ask there."""
        import httpcore  # here: verbs of agents must load neither
        import httpx

        host = urlsplit(asked.url).netloc
        self._due.end = time.monotonic() + asked.seconds
        try:
            with self._opened().stream(
                asked.method, asked.url, headers=dict(asked.headers), content=asked.body or None
            ) as got:
                headers = {name.lower(): value for name, value in got.headers.items()}
                if headers.get("content-encoding", "identity") != "identity":
                    raise _trouble(host, "its answer is compressed, which was not asked for")
                return Incoming(got.status_code, headers, _body(got, asked, host))
        except (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError):
            raise _trouble(host, f"no whole answer in {asked.seconds:g} s") from None
        except (httpx.TransportError, httpx.StreamError, httpcore.NetworkError, httpcore.ProtocolError) as problem:
            raise _trouble(host, _words(problem)) from None
        except (ssl.SSLError, OSError) as problem:
            raise _trouble(host, _words(problem)) from None
        except (httpx.InvalidURL, UnicodeError):
            raise BadInput(f"{asked.url[:200]!r} is not a URL", hint="write it as https://HOST/PATH") from None

    def close(self) -> None:
        """Hang up everywhere."""
        with self._turn:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> httpx.Client:
        import httpx

        from onloop.forges.outgoing_transport import GuardedTransport  # here, as httpx is

        with self._turn:
            if self._client is None:
                self._client = httpx.Client(
                    transport=GuardedTransport(self._rule, self._ca_file, self._due),
                    trust_env=False,
                    follow_redirects=False,
                    headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
                    timeout=httpx.Timeout(CONNECT_S * 6, connect=CONNECT_S),
                )
            return self._client


def _body(got: httpx.Response, asked: Outgoing, host: str) -> bytes:
    """The body, no longer than one may be; or its last bytes."""
    kept = bytearray()
    for piece in got.iter_raw():
        kept += piece
        if asked.end:
            del kept[: max(0, len(kept) - asked.most)]
        elif len(kept) > asked.most:
            raise _trouble(host, f"its answer has more than {asked.most} bytes")
    return bytes(kept)


def _words(problem: BaseException) -> str:
    return str(getattr(problem, "strerror", None) or str(problem) or type(problem).__name__)[:200]


def _trouble(host: str, how: str) -> ForgeTrouble:
    return ForgeTrouble(f"{host}: {how}", hint="it is tried again", kind=FailureKind.UNREACHABLE)
