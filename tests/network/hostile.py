"""Something at the URL of a gateway that answers whatever a test says, over TLS that the caller believes in."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.listening import Authority

Answer = Callable[["Asked"], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Hostile:
    """What listens at `url`: `answer` gives every byte of each answer, and `asked` keeps what was sent."""

    url: str
    authority: Authority
    answer: Answer
    asked: list[Asked] = field(default_factory=list)


def said(
    body: bytes, status: str = "200 OK", kind: str = "application/json", more: str = "", length: int | None = None
) -> bytes:
    """An answer of HTTP."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{more}\r\n".encode() + body


@contextmanager
def hostile(authority: Authority, answer: Answer) -> Iterator[Hostile]:
    """It listens in the block."""
    made = Hostile("", authority, answer)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            made.asked.append(asked)
            with suppress(OSError):
                self.wfile.write(made.answer(asked))
            self.close_connection = True

        do_GET = do_POST = do_PUT = _take  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hung up has seen enough."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.pair)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
