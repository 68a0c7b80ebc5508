"""Servers at which channels end, HTTP and SMTP on the loopback: they keep what they get, and answer as told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpChannel:
    """A server of HTTP; `status` is what it answers, `headers` go along."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Posted] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def http_channel() -> Iterator[HttpChannel]:
    """Serve during the block."""
    channel = HttpChannel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            channel.got.append(Posted(self.path, headers, body))
            self.send_response(channel.status)
            for name, value in channel.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        channel.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield channel
        finally:
            server.shutdown()
            thread.join()


@dataclass
class SmtpChannel:
    """A server of SMTP; it answers mail with `answer`."""

    answer: str = "250 kept"
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    port: int = 0


class _Mail(socketserver.StreamRequestHandler):
    """One line of SMTP."""

    channel: SmtpChannel

    def handle(self) -> None:
        told, recipients = {"MAIL": "", "RCPT": ""}, list[str]()
        self._say("220 here")
        while line := self.rfile.readline():
            words = line.decode("latin-1").strip()
            verb = words[:4].upper()
            told[verb] = words
            if verb == "RCPT":
                recipients.append(words)
            if verb == "DATA":
                self._say("354 go on")
                self.channel.got.append((told["MAIL"], recipients, self._data()))
            self._say({"DATA": self.channel.answer, "QUIT": "221 bye"}.get(verb, "250 ok"))
            if verb == "QUIT":
                return

    def _data(self) -> bytes:
        lines = list[bytes]()
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def smtp_channel() -> Iterator[SmtpChannel]:
    """Serve during the block: without encryption, as on a machine's own relay."""
    channel = SmtpChannel()
    handler = type("Handler", (_Mail,), {"channel": channel})
    with _MailServer(("127.0.0.1", 0), handler) as server:
        channel.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield channel
        finally:
            server.shutdown()
            thread.join()
