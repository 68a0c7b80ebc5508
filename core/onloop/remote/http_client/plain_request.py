"""One HTTP/1.1 request over a connection of our own, for whoever may load next to nothing.

It knows what the gateway's door says, and nothing else: answers have a length or come in chunks, nothing is packed, and
nobody is followed anywhere. All sizes and all times are capped.
"""

from __future__ import annotations

import _socket
import time

TYPE_CHECKING = False  # the module typing costs more than a request does
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

CONNECT_S = 10.0
LARGEST_HEAD = 32_768
LARGEST_BODY = 64 * 1_048_576
MOST_INTERIM = 4
"""How many answers of the kind `100 Continue` may come before the real one."""

_AT_ONCE = 262_144
_LINE = b"\r\n"
_TLS_1_2 = 0x0303


class Misspoken(Exception):
    """Whoever answers does not speak as a gateway does; the words say how."""


class _RawSocket(_socket.socket):
    """A socket to which TLS can refer."""

    __slots__ = ("__weakref__",)


class PlainAnswer:
    """What came back: the status, the headers by their names in lower case, and the body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class PlainConnection:
    """A connection to one place, made when it is needed and kept while both ends want that.

    Whatever breaks is an OSError, a TimeoutError where it took too long, and leaves no connection behind.
    """

    def __init__(self, place: tuple[str, str, int], ca: str = "") -> None:
        """To `(scheme, host, port)`; `ca` is a file with the one authority to trust, else the system's count."""
        self._place, self._ca = place, ca
        self._raw: _socket.socket | None = None
        self._encrypted: Any = None
        self._held = b""
        self._end = 0.0

    def ask(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes, timeout_s: float
    ) -> PlainAnswer:
        """The answer to one request."""
        self._end = time.monotonic() + timeout_s
        said = [f"{method} {path} HTTP/1.1", f"Host: {self._host()}"]
        said += [f"{name}: {value}" for name, value in headers]
        said += [f"Content-Length: {len(body)}", "", ""]
        try:
            if self._raw is None:
                self._connect(timeout_s)
            self._send("\r\n".join(said).encode("ascii") + body)
            answer, is_kept = self._answer()
        except BaseException:
            self.close()
            raise
        if not is_kept:
            self.close()
        return answer

    def close(self) -> None:
        """Hang up."""
        raw, self._raw, self._encrypted, self._held = self._raw, None, None, b""
        if raw is not None:
            raw.close()

    def _host(self) -> str:
        _, host, port = self._place
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _connect(self, timeout_s: float) -> None:
        scheme, host, port = self._place
        problem = OSError(f"{host} has no address")
        found = _socket.getaddrinfo(host.encode("ascii"), port, 0, _socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            raw = _RawSocket(family, kind, protocol)
            try:
                raw.settimeout(min(CONNECT_S, timeout_s))
                raw.connect(address)
                raw.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            except OSError as failed:
                raw.close()
                problem = failed
                continue
            self._raw = raw
            self._encrypted = None if scheme == "http" else self._wrapped(raw, host)
            return
        raise problem

    def _wrapped(self, raw: _socket.socket, host: str) -> Any:
        import _ssl  # here: over plain HTTP it is not needed

        context: Any = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)  # noqa: SLF001 - `ssl` costs more than the request
        context.minimum_version = _TLS_1_2
        if self._ca:
            context.load_verify_locations(self._ca)
        else:
            context.set_default_verify_paths()
        made = context._wrap_socket(raw, server_side=False, server_hostname=host)  # noqa: SLF001
        made.do_handshake()
        return made

    def _in_time(self) -> _socket.socket:
        left_s = self._end - time.monotonic()
        if left_s <= 0 or self._raw is None:
            raise TimeoutError("it took too long")
        self._raw.settimeout(left_s)
        return self._raw

    def _send(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            raw, piece = self._in_time(), view[:_AT_ONCE]
            view = view[raw.send(piece) if self._encrypted is None else self._encrypted.write(piece) :]

    def _more(self) -> None:
        """Take what arrives next; OSError at the end."""
        raw = self._in_time()
        arrived = raw.recv(_AT_ONCE) if self._encrypted is None else self._decrypted()
        if not arrived:
            raise ConnectionResetError("it hung up")
        self._held += arrived

    def _decrypted(self) -> bytes:
        import _ssl  # here: it is loaded already

        try:
            content: bytes = self._encrypted.read(_AT_ONCE)
        except _ssl.SSLZeroReturnError:
            return b""
        return content

    def _until(self, mark: bytes, most: int) -> bytes:
        while (found := self._held.find(mark)) < 0:
            if len(self._held) > most:
                raise Misspoken(f"a line or a head of more than {most} bytes")
            self._more()
        taken, self._held = self._held[:found], self._held[found + len(mark) :]
        return taken

    def _exactly(self, count: int) -> bytes:
        pieces, missing = [], count
        while missing:
            if not self._held:
                self._more()
            pieces.append(self._held[:missing])
            self._held = self._held[len(pieces[-1]) :]
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _answer(self) -> tuple[PlainAnswer, bool]:
        for _ in range(MOST_INTERIM):
            status, headers = head_from(self._until(_LINE + _LINE, LARGEST_HEAD))
            if status >= 200:
                body = b"" if status in {204, 304} else self._body(headers)
                return PlainAnswer(status, headers, body), headers.get("connection", "").lower() != "close"
        raise Misspoken("it goes on answering with no answer")

    def _body(self, headers: Mapping[str, str]) -> bytes:
        check_bare(headers)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        return self._exactly(int(headers["content-length"]))

    def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            said = self._until(_LINE, 1024).partition(b";")[0].strip()
            if not said or len(said) > 8 or not set(said.lower()) <= set(b"0123456789abcdef"):
                raise Misspoken("a chunk without a size")
            count = int(said, 16)
            size += count
            if size > LARGEST_BODY:
                raise Misspoken(f"an answer of more than {LARGEST_BODY} bytes")
            if not count:
                break
            pieces.append(self._exactly(count))
            if self._exactly(2) != _LINE:
                raise Misspoken("a chunk that is longer than it said")
        while self._until(_LINE, LARGEST_HEAD):  # trailers mean nothing to us
            pass
        return b"".join(pieces)


def head_from(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer; Misspoken where it is none, or says the same thing twice."""
    first, *lines = head.split(_LINE)
    version, _, rest = first.partition(b" ")
    status = rest[:3]
    if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not status.isdigit() or len(status) != 3:
        raise Misspoken("no answer in HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        word = name.decode("latin-1").lower()
        if not colon or name != name.strip() or not name:
            raise Misspoken("a header that is none")
        if word in headers and word in {"content-length", "transfer-encoding", "onloop-session", "onloop-upload"}:
            raise Misspoken(f"two headers {word}")
        headers[word] = value.decode("latin-1").strip()
    return int(status), headers


def check_bare(headers: Mapping[str, str]) -> None:
    """Misspoken for an answer that is packed, too long, or says its length not in exactly one way."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Misspoken("a packed answer, which was not asked for")
    coding = headers.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or "content-length" in headers):
        raise Misspoken("an answer whose length is said in two ways")
    length = headers.get("content-length", "" if coding is None else "0")
    if not (length.isascii() and length.isdigit()):
        raise Misspoken("an answer without a length")
    if len(length) > 12 or int(length) > LARGEST_BODY:
        raise Misspoken(f"an answer of {length[:20]} bytes, and {LARGEST_BODY} are the most")
