"""What every request is held to before anything of it counts: who may have sent it, to whom, and in which shape."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from onloop.errors import Ground, NotAllowed
from onloop.identity.accounts import address_account
from onloop.records import Record
from onloop.remote.http.door_settings import DoorLimits, DoorSettings, authority
from onloop.remote.http.entry.problem_details import HttpProblem, bad_request

ONCE = frozenset(
    {
        *("host", "authorization", "content-length", "content-type", "idempotency-key", "origin", "last-event-id"),
        *("onloop-session", "onloop-code", "onloop-upload", "transfer-encoding"),
    }
)
"""Headers that a request may have once: with two, those who read it might choose differently."""

Headers = Mapping[str, str]


class ArrivedRequest(Record):
    """What a request shows of where it comes from: `is_near` is one of this machine that no proxy passed on."""

    address: str
    headers: Headers
    is_near: bool

    @property
    def bearer(self) -> str:
        """The credential, empty where there is none; HttpProblem for another kind of authorization."""
        said = self.headers.get("authorization", "")
        kind, _, secret = said.partition(" ")
        if said and (kind.lower() != "bearer" or not secret.strip()):
            raise bad_request("the Authorization header is not a bearer's", "send: Bearer SECRET")
        return secret.strip()

    @property
    def session(self) -> str:
        """The id of a person's session, empty where there is none."""
        return self.headers.get("onloop-session", "")

    @property
    def has_credential(self) -> bool:
        """Whether it says in any way who asks."""
        return bool(self.session or self.bearer)

    @property
    def account(self) -> str:
        """In whose name it is counted, before anything is proved."""
        shown = self.session or self.bearer
        return digest(shown) if shown else address_account(self.address)


class RequestChecks:
    """The checks of one door."""

    def __init__(self, settings: DoorSettings, port: int, limits: DoorLimits) -> None:
        """`port` is the one that it listens at, whichever was asked for."""
        self._settings, self._port, self._limits = settings, port, limits
        self._named = {url.partition("://")[2] for url in settings.public}
        self._origins = set(settings.public)
        self._usual_port = ":443" if settings.tls or settings.public else ":80"
        for host in _hosts(settings.host):
            where = authority(host, port, settings.scheme)
            self._named.add(where)
            self._origins.add(f"{settings.scheme}://{where}")

    def arrived(self, scope: Mapping[str, Any]) -> ArrivedRequest:
        """What a request shows; HttpProblem where it must not be answered."""
        self._check_size(scope)
        headers = _single(scope["headers"])
        if "transfer-encoding" in headers and "content-length" in headers:
            raise bad_request("the request says its length in two ways", "send one of them", closes=True)
        inner = scope.get("state", {}).get("inner")
        if inner:  # from a process of ours, by a socket that only it can open: it names no host, and no page sent it
            return ArrivedRequest(inner, headers, is_near=False)
        peer = _plain(scope["client"][0]) if scope.get("client") else ""
        address, is_proxied = self._address(peer, headers)
        self._check_host(headers, scope)
        return ArrivedRequest(address, headers, not is_proxied and _is_loopback(address))

    def _check_size(self, scope: Mapping[str, Any]) -> None:
        headers, limits = scope["headers"], self._limits
        size = sum(len(name) + len(value) for name, value in headers)
        if size > limits.headers or len(headers) > limits.header_count:
            words = f"the request has {len(headers)} headers of {size} bytes"
            hint = f"send at most {limits.header_count}, of {limits.headers} bytes"
            raise bad_request(words, hint, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, closes=True)
        length = len(scope["raw_path"]) + len(scope["query_string"])
        if length > limits.target:
            words = f"the target has {length} bytes"
            raise bad_request(words, f"at most {limits.target}", HTTPStatus.REQUEST_URI_TOO_LONG, closes=True)

    def _address(self, peer: str, headers: Headers) -> tuple[str, bool]:
        """Whose request it is, and whether a proxy passed it on: only a named one is believed."""
        if peer not in self._settings.proxies:
            if self._settings.proxies and self._settings.tls is None and not _is_loopback(peer):
                raise _forbidden(f"{peer} is not the proxy of this gateway", "ask the proxy")
            return peer, False
        if headers.get("x-forwarded-proto", "https").lower() != "https":
            raise _forbidden("the proxy was asked over a line that is not encrypted", "ask it over https")
        told = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            return _plain(str(ipaddress.ip_address(told))), True
        except ValueError:
            return peer, True

    def _check_host(self, headers: Headers, scope: Mapping[str, Any]) -> None:
        host = headers.get("host", "").lower()
        if host.removesuffix(self._usual_port) not in self._named and host not in self._of_connection(scope):
            words = f"{host[:80]!r} is no name of this gateway" if host else "the request names no host"
            status = HTTPStatus.MISDIRECTED_REQUEST if host else HTTPStatus.BAD_REQUEST
            raise bad_request(words, "use a URL that --listen or --public-url names", status, closes=True)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            raise _forbidden(f"pages of {origin[:80]!r} may not ask this gateway", "no page needs to: use a client")

    def _of_connection(self, scope: Mapping[str, Any]) -> set[str]:
        """What the address is called at which the connection came in: a name that was bent to it is not among them."""
        address = _plain(str((scope.get("server") or ("", 0))[0]))
        hosts = (address, "localhost") if _is_loopback(address) else (address,)
        return {authority(host, self._port, self._settings.scheme) for host in hosts}


def digest(secret: str) -> str:
    """By what a secret is found: not by comparing it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_json(headers: Headers) -> None:
    """HttpProblem unless what comes says that it is JSON, as it is."""
    check_plain_bytes(headers)
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != "application/json" or charset not in {"", "charset=utf-8"}:
        words = f"the content type is {headers.get('content-type', '')[:60]!r}"
        raise bad_request(words, "send application/json", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def check_plain_bytes(headers: Headers) -> None:
    """HttpProblem for what is compressed: it could become anything."""
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        words = f"the content is encoded as {encoding[:40]!r}"
        raise bad_request(words, "send it as it is", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def announced_length(headers: Headers, most: int) -> int | None:
    """How many bytes come, None where that is not said; HttpProblem where those are more than `most`."""
    said = headers.get("content-length")
    if said is None:
        return None
    if not said.isascii() or not said.isdecimal():
        raise bad_request(f"the length {said[:40]!r} is no number", "send the number of bytes", closes=True)
    if len(said) > 20 or int(said) > most:
        raise too_large(most)
    return int(said)


def too_large(most: int) -> HttpProblem:
    """More comes than is taken."""
    words = f"the content has more than {most} bytes"
    return bad_request(words, f"send at most {most} at a time", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, closes=True)


def _forbidden(words: str, hint: str) -> HttpProblem:
    return HttpProblem(NotAllowed(words, hint=hint, ground=Ground.PEER), closes=True)


def _single(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by name; HttpProblem where one comes twice that may come once. Others are joined, as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        if name in found and name in ONCE:
            raise bad_request(f"the header {name} comes twice", "send it once", closes=True)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _hosts(listening: str) -> Iterable[str]:
    address = ipaddress.ip_address(listening)
    if address.is_loopback:
        return ("localhost", "127.0.0.1", "::1")
    return () if address.is_unspecified else (listening,)


def _plain(address: str) -> str:
    """An address in one spelling: an IPv4 address that came by IPv6 is itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
