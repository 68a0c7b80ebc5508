"""A Git LFS server on loopback: the batch API with basic transfers. It ends with its block."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class LfsServer:
    """What a server has, by digest. With `redirect`, a download leads to another path first.

    With `drops`, an answer to a batch is held back after its first byte until `goes_on`.
    """

    port: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    authorization: list[str | None] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    redirect: bool = False
    token: str = ""
    wrong: bytes | None = None
    scheme: str = "http"
    drops: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.place}/shop"

    def put(self, content: bytes) -> str:
        """The pointer to a file that it has from now on."""
        self.kept[sha256(content).hexdigest()] = content
        return pointer_to(content)


def pointer_to(content: bytes) -> str:
    oid = sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[LfsServer]:
    """A server; over TLS with `server.pem` and `server.key` of the folder `certificate`."""
    server = LfsServer(scheme="https" if certificate else "http")

    class Handler(_Handler):
        lfs = server

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_address[1]
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate / "server.pem", certificate / "server.key")
            listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    lfs: LfsServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Nothing is printed."""

    def do_POST(self) -> None:
        """A batch, or the verification of an upload."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.lfs.authorization.append(self.headers["Authorization"])
        if self.lfs.token and self.headers["Authorization"] != self.lfs.token:
            self._answer(401, b"{}")
        elif self.path == "/shop/verify":
            self.lfs.verified.append(body["oid"])
            self._answer(200, b"{}")
        else:
            self.lfs.asked.append(body["operation"])
            answer = {"transfer": "basic", "objects": [self._item(body["operation"], each) for each in body["objects"]]}
            self._answer(200, json.dumps(answer).encode())

    def _item(self, operation: str, asked: dict[str, object]) -> dict[str, object]:
        oid, host = str(asked["oid"]), self.lfs.place
        action = {"href": f"{host}/objects/{oid}", "header": {"X-Given": "1"}}
        if operation == "upload":
            verify = {"href": f"{host}/shop/verify"}
            return asked if oid in self.lfs.kept else {**asked, "actions": {"upload": action, "verify": verify}}
        if oid not in self.lfs.kept:
            return {**asked, "error": {"code": 404, "message": "no such object"}}
        return {**asked, "actions": {"download": action}}

    def do_GET(self) -> None:
        """A download."""
        oid = self.path.rpartition("/")[2]
        if self.lfs.redirect and self.headers["X-Given"]:
            self._answer(302, b"", Location=f"{self.lfs.place}/elsewhere/{oid}")
        else:
            self._answer(200, self.lfs.wrong or self.lfs.kept[oid])

    def do_PUT(self) -> None:
        """An upload."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.lfs.kept[self.path.rpartition("/")[2]] = content
        self._answer(200, b"")

    def _answer(self, code: int, content: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.lfs.drops:
            self.wfile.write(content[:1])
            self.wfile.flush()
            self.lfs.goes_on.wait(20)
        self.wfile.write(content[1:] if self.lfs.drops else content)
