"""Where the HTTP door listens, who may be in front of it, and how much of what it takes: loaded without the extra."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from onloop.errors import BadInput
from onloop.records import Record

_DEFAULT_PORTS = {"http": 80, "https": 443}
_KIB, _MIB = 1_024, 1_048_576


class TlsFiles(Record):
    """A certificate with its chain, and its key, as PEM files."""

    certificate: Path
    key: Path


class DoorSettings(Record):
    """Where the door listens. `public` are the URLs under which it is known; `proxies` may speak for others."""

    host: str
    port: int
    tls: TlsFiles | None = None
    public: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()

    @property
    def scheme(self) -> str:
        """How callers reach what listens here: a proxy in front of it may be reached otherwise."""
        return "http" if self.tls is None else "https"


class DoorLimits(Record):
    """How much the door takes: in all, from one address, and of one account, which is whoever a credential proves."""

    connections: int = 1_024
    connections_of_one: int = 512
    connections_kept: int = 64
    """Connections that are kept for addresses that have few."""
    few: int = 8
    requests: int = 256
    requests_of_one: int = 64
    requests_kept: int = 32
    """Requests at a time that are kept for people."""
    waits: int = 768
    waits_of_one: int = 32
    """Requests that may take minutes: streams, waits, uploads, submissions."""
    unread: int = 256 * _MIB
    unread_of_one: int = 16 * _MIB
    """Bytes of large answers on their way, past which nothing more is asked."""
    lines: int = 704
    """Lines to the gateway: two files each, of which a process has 4,096."""
    lines_of_one: int = 4
    waiting_of_one: int = 16
    """Requests of one account that may wait for a line."""
    rate: float = 200.0
    burst: float = 400.0
    """Requests of one account: in a second, and at once after a rest."""
    failures: float = 1.0
    failure_burst: float = 30.0
    """Credentials of one address that are not right: in a second, and at once after a rest."""
    streams: int = 512
    streams_of_one: int = 8
    sessions: int = 256
    sessions_of_one: int = 64
    uploads: int = 64
    uploads_of_one: int = 8
    headers: int = 16 * _KIB
    header_count: int = 64
    target: int = 4 * _KIB
    body: int = 1 * _MIB
    piece: int = 8 * _MIB
    """Bytes of an upload that one request may bring."""
    header_s: float = 10.0
    body_s: float = 30.0
    piece_s: float = 120.0
    unread_s: float = 10.0
    """How long a request's head, its body and an upload's piece may take to arrive, and an answer to be read."""
    handshake_s: float = 10.0
    kept_open_s: int = 75
    line_idle_s: float = 60.0
    session_idle_s: float = 900.0
    session_unproved_s: float = 60.0
    upload_idle_s: float = 300.0
    answer_s: float = 60.0
    slow_answer_s: float = 900.0
    ping_s: float = 15.0
    longest_poll_s: float = 30.0
    polls_per_s: float = 30.0


def limit_rows(limits: DoorLimits | None = None) -> tuple[tuple[str, str], ...]:
    """What whoever writes a client should know of the limits: how much, of what."""
    of = limits or DoorLimits()
    return (
        (f"{of.connections}, {of.connections_of_one}", "connections in all, and from one address"),
        (f"{of.requests}, {of.requests_of_one}", "requests at a time in all, and with one credential"),
        (f"{of.lines_of_one}, {of.waiting_of_one}", "requests with one credential that are done, and that wait"),
        (f"{of.rate:g}, {of.burst:g}", "requests with one credential in a second, and at once after a rest"),
        (f"{of.streams_of_one}", "streams and waits with one credential"),
        (f"{of.uploads_of_one}", "uploads with one credential"),
        (f"{of.sessions_of_one}", "people's sessions from one address"),
        (f"{of.failure_burst:g}, {of.failures * 60:g}", "wrong credentials from one address at once, then in a minute"),
        (f"{of.headers // _KIB} KiB, {of.header_count}", "of headers, and their number"),
        (f"{of.target // _KIB} KiB", "of a path with its parameters"),
        (f"{of.body // _MIB} MiB", "of JSON"),
        (f"{of.piece // _MIB} MiB", "of an upload in one request"),
        (f"{of.header_s:g} s, {of.body_s:g} s", "until the headers, and the JSON, have come"),
        (f"{of.piece_s:g} s", "until a piece of an upload has come"),
        (f"{of.unread_of_one // _MIB} MiB", "of answers with one credential on their way, past which nothing is asked"),
        (f"{of.unread_s:g} s", "that an answer may lie unread"),
        (f"{of.kept_open_s} s", "that a connection is kept without a request"),
    )


def door_settings(
    listen: str,
    *,
    certificate: str | None = None,
    key: str | None = None,
    public: Sequence[str] = (),
    proxies: Sequence[str] = (),
) -> DoorSettings:
    """What the options of `onloop serve` say; BadInput for what cannot be, or would send secrets in the clear."""
    host, port = _address(listen)
    if (certificate is None) != (key is None):
        raise BadInput("a certificate and its key belong together", hint="give both: --tls-cert FILE --tls-key FILE")
    tls = None if certificate is None or key is None else TlsFiles(Path(certificate), Path(key))
    if tls is None and not proxies and not ipaddress.ip_address(host).is_loopback:
        raise BadInput(
            f"{host} is reached from other machines, and nothing would be encrypted",
            hint="give --tls-cert FILE --tls-key FILE, or name a proxy that encrypts: --behind-proxy ADDRESS",
        )
    return DoorSettings(host, port, tls, tuple(map(_public, public)), tuple(map(_proxy, proxies)))


def authority(host: str, port: int, scheme: str) -> str:
    """A host and port as a Host header says them: in brackets where that is IPv6, without the scheme's own port."""
    shown = f"[{host}]" if ":" in host else host
    return shown if _DEFAULT_PORTS.get(scheme) == port else f"{shown}:{port}"


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        found = str(ipaddress.ip_address(host))
    except ValueError:
        raise BadInput(
            f"{listen[:80]!r} is not an address and a port", hint="such as 127.0.0.1:8443, 0.0.0.0:8443 or [::]:8443"
        ) from None
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise BadInput(f"{port[:20]!r} is not a port", hint="give 1 to 65535, or 0 for any that is free")
    return found, int(port)


def _public(url: str) -> str:
    found = urlsplit(url)
    try:
        port = found.port
    except ValueError:
        port = -1
    if found.scheme not in _DEFAULT_PORTS or not found.hostname or port == -1 or found.path.strip("/") or found.query:
        raise BadInput(f"{url[:80]!r} is not the URL of a host", hint="such as https://gateway.example.com")
    where = authority(found.hostname, port or _DEFAULT_PORTS[found.scheme], found.scheme)
    return f"{found.scheme}://{where}"


def _proxy(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise BadInput(f"{address[:80]!r} is not an IP address", hint="the proxy's own, such as 10.0.0.5") from None
