"""A model on loopback that follows a script, to prove without a network what a vendor's agent really does.

It speaks as much of the services of Anthropic, OpenAI and Google as their agents need for a turn.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from onloop.agents.hooks.loopback_dialects import content, messages, responses, stream
from onloop.agents.hooks.loopback_script import Script

LARGEST_REQUEST = 32 * 1024 * 1024


@contextmanager
def loopback_model(script: Script) -> Iterator[str]:
    """Serve the script on a free port of 127.0.0.1 until the block ends; the value is the base address."""
    server = _Server(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
        """Say nothing: the terminal is not ours."""

    def do_HEAD(self) -> None:
        self._answer("application/json", b"")

    def do_GET(self) -> None:
        self._answer("application/json", b'{"data": [], "models": []}')

    def do_POST(self) -> None:
        request, path, script = self._request(), self.path.partition("?")[0], self.server.script
        if path.endswith("/count_tokens"):
            self._answer("application/json", b'{"input_tokens": 1}')
        elif path.endswith("/messages"):
            self._answer("text/event-stream", stream(messages(script, request)))
        elif path.endswith("/responses"):
            self._answer("text/event-stream", stream(responses(script, request)))
        elif path.endswith(":streamGenerateContent"):
            self._answer("text/event-stream", f"data: {json.dumps(content(script, request))}\r\n\r\n".encode())
        elif path.endswith(":generateContent"):
            self._answer("application/json", json.dumps(content(script, request)).encode())
        else:
            self._answer("application/json", b"{}")

    def _request(self) -> dict[str, Any]:
        size = min(int(self.headers.get("content-length") or 0), LARGEST_REQUEST)
        try:
            request = json.loads(self.rfile.read(size) or b"{}")
        except ValueError:
            return {}
        return request if isinstance(request, dict) else {}

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
