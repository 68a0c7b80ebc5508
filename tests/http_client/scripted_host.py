"""A host on loopback that answers each request with the bytes a test gives it, over TLS or in the clear."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from support.waiting import DEADLINE_S

Script = Callable[[int, bytes], bytes]
"""What is answered to the request of that number (from 0); nothing hangs up, and so does a request to close."""


@dataclass
class ScriptedHost:
    """What it was sent, and on how many connections."""

    port: int
    scheme: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test's own, in a file."""

    made: trustme.CA
    file: Path

    @classmethod
    def new(cls, folder: Path, name: str = "ca.pem") -> Authority:
        made = trustme.CA(key_type=trustme.KeyType.ECDSA)
        file = folder / name
        made.cert_pem.write_to_path(str(file))
        return cls(made, file)

    def server(self, *names: str, expires: datetime.datetime | None = None) -> ssl.SSLContext:
        """What a server of those names greets with."""
        issued = self.made.issue_cert(*(names or ("127.0.0.1",)), not_after=expires, key_type=trustme.KeyType.ECDSA)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        return context


@contextmanager
def scripted_host(script: Script, tls: ssl.SSLContext | None) -> Iterator[ScriptedHost]:
    """The host, while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(DEADLINE_S)
        host = ScriptedHost(door.getsockname()[1], "http" if tls is None else "https")
        serving = threading.Thread(target=_serve, args=(door, host, script, tls), daemon=True)
        serving.start()
        yield host
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
    serving.join(DEADLINE_S)


def _serve(door: socket.socket, host: ScriptedHost, script: Script, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            raw, _ = door.accept()
        except OSError:
            return
        raw.settimeout(DEADLINE_S)
        host.connections += 1
        with suppress(OSError), raw if tls is None else tls.wrap_socket(raw, server_side=True) as line:
            _answer(line, host, script)


def _answer(line: socket.socket, host: ScriptedHost, script: Script) -> None:
    while (request := _request(line)) is not None:
        host.requests.append(request)
        said = script(len(host.requests) - 1, request)
        if not said:
            return
        line.sendall(said)
        if b"connection: close" in request.lower():
            return


def _request(line: socket.socket) -> bytes | None:
    """One request, head and body; None where the caller has hung up."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (piece := line.recv(65_536)):
            return None
        got += piece
        if got[:1] == b"\x16":  # a greeting in TLS, where nobody speaks it
            return got
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        piece = line.recv(missing)
        if not piece:
            return None
        body, missing = body + piece, missing - len(piece)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json", more: Sequence[str] = ()) -> bytes:
    """An answer with a length."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(head).encode() + body
